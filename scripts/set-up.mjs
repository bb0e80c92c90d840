// Runs before `npm start` and `npm test`: makes the checkout ready, and says what it does. Plain Node, no dependency.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `TaskMaster needs Node 20.19 or newer; this is ${process.versions.node}. Get the current LTS: https://nodejs.org`,
  );
  process.exit(1);
}

const { install } = await import('./steps/install.mjs');
const { build } = await import('./steps/build.mjs');
const { StepFailed } = await import('./steps/step.mjs');
try {
  await install();
  if (process.argv[2] === 'start') await build();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(error.message);
  process.exit(1);
}
