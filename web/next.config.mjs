import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** A plain export: the service that answers the API also serves these files. Types are checked for the whole house at once. */
/** @type {import('next').NextConfig} */
export default {
  output: 'export',
  reactStrictMode: true,
  transpilePackages: ['@taskmaster/domain', '@taskmaster/contracts'],
  turbopack: { root },
  typescript: { ignoreBuildErrors: true },
  devIndicators: false,
};
