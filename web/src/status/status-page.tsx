/** What the operator watches: what is running, and how well. */
export default function StatusPage() {
  return <main>status</main>;
}
