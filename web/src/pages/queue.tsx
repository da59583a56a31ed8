import type { PageProps } from "../pages";
import { Head } from "../shell";
export default function Queue(_: PageProps) {
  return <div class="page"><Head title="Queue" /></div>;
}
