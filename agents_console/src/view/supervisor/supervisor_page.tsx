export default function SupervisorPage() {
  return null;
}
