// Which pages there are. To add one: write pages/NAME.tsx with `export default function Name({ rest }: PageProps)`, and add a
// line here. It is loaded when it is first opened.
import type { FunctionComponent } from "preact";
import type { IconName } from "./ui/icon";

export interface PageProps {
  /** what stands in the path after the page's own: "/queue/ID" → ["ID"], decoded */
  rest: string[];
}
export interface PageInfo {
  path: string;
  title: string;
  icon: IconName;
  /** the letter after g; none where the page is not in the bar at the side */
  key?: string;
  /** the permission without which it is not shown */
  needs?: string;
  load: () => Promise<{ default: FunctionComponent<PageProps> }>;
}

export const pages: PageInfo[] = [
  { path: "/queue", title: "Queue", icon: "queue", key: "q", needs: "incident.read", load: () => import("./pages/queue") },
  { path: "/cases", title: "Cases", icon: "case", key: "c", needs: "case.read", load: () => import("./pages/cases") },
  { path: "/search", title: "Search", icon: "search", key: "s", needs: "search.read", load: () => import("./pages/search") },
  { path: "/entities", title: "Entities", icon: "user", key: "e", needs: "search.read", load: () => import("./pages/entities") },
  { path: "/detections", title: "Detections", icon: "shield", key: "d", needs: "rule.read", load: () => import("./pages/detections") },
  { path: "/coverage", title: "Coverage", icon: "grid", key: "a", needs: "rule.read", load: () => import("./pages/coverage") },
  { path: "/blocks", title: "Blocks", icon: "block", key: "b", needs: "action.read", load: () => import("./pages/blocks") },
  { path: "/exposure", title: "Exposure", icon: "eye", key: "x", needs: "report.read", load: () => import("./pages/exposure") },
  { path: "/reports", title: "Reports", icon: "report", key: "r", needs: "report.read", load: () => import("./pages/reports") },
  { path: "/settings", title: "Settings", icon: "gear", load: () => import("./pages/settings") },
];

export const pageAt = (path: string): PageInfo | undefined => pages.find((p) => path === p.path || path.startsWith(p.path + "/"));
