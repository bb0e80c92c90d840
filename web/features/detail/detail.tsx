export default function Detail(_: { id: string }) {
  return null;
}
