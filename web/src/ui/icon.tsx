// Icons: lines on a grid of 16, drawn for this console.
const paths = {
  bell: "M8 1.8v1.1M3.8 11.5V7.2a4.2 4.2 0 0 1 8.4 0v4.3l1.3 1.5h-11ZM6.6 13.5a1.5 1.5 0 0 0 2.8 0",
  queue: "M2.5 9.5 4 3.5h8l1.5 6v3.5h-11ZM2.5 9.5h3.2l.8 1.5h3l.8-1.5h3.2",
  case: "M2.5 5h11v8h-11ZM6 5V3h4v2M2.5 8.5h11M8 7.8v1.4",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3l3.2 3.2",
  user: "M8 2.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5ZM3.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4",
  shield: "M8 2 13 3.8v4c0 3-2 5-5 6.2-3-1.2-5-3.2-5-6.2v-4ZM5.8 7.9l1.6 1.6 2.9-3",
  grid: "M2.5 2.5h3v3h-3ZM6.5 2.5h3v3h-3ZM10.5 2.5h3v3h-3ZM2.5 6.5h3v3h-3ZM6.5 6.5h3v3h-3ZM10.5 6.5h3v3h-3ZM2.5 10.5h3v3h-3ZM6.5 10.5h3v3h-3Z",
  block: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM3.9 3.9l8.2 8.2",
  eye: "M1.5 8C3 5 5.3 3.5 8 3.5S13 5 14.5 8C13 11 10.7 12.5 8 12.5S3 11 1.5 8ZM8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4Z",
  report: "M3.5 2h6l3 3v9h-9ZM9.5 2v3h3M5.8 8h4.4M5.8 10.8h4.4",
  gear: "M8 5.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4ZM8 1.8v1.9M8 12.3v1.9M1.8 8h1.9M12.3 8h1.9M3.6 3.6 5 5M11 11l1.4 1.4M12.4 3.6 11 5M5 11l-1.4 1.4",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z",
  globe: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM2.2 8h11.6M8 2.2c3.6 3.8 3.6 7.8 0 11.6M8 2.2c-3.6 3.8-3.6 7.8 0 11.6",
  host: "M2 3h12v8H2ZM6 13.5h4M8 11v2.5",
  mail: "M2 3.5h12v9H2ZM2 4l6 5 6-5",
  file: "M4 2h5l3 3v9H4ZM9 2v3h3",
  process: "M2.5 3h11v10h-11ZM5 6.5 7 8 5 9.5M8.5 10H11",
  check: "M3 8.5 6.5 12 13 4.5",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  back: "M9.5 3.5 5 8l4.5 4.5",
  next: "M6.5 3.5 11 8l-4.5 4.5",
  down: "M3.5 6.5 8 11l4.5-4.5",
  clock: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM8 4.8V8l2.3 1.5",
  warn: "M8 2.2 14.5 13.5h-13ZM8 6.3v3.4M8 11.5v.3",
  info: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM8 7.3v3.5M8 5v.3",
  plus: "M8 3v10M3 8h10",
  play: "M5 3.2 12.5 8 5 12.8Z",
  pause: "M5 3.5v9M11 3.5v9",
  stop: "M4 4h8v8H4Z",
  undo: "M5.5 3 2.5 6l3 3M2.5 6h7a3.7 3.7 0 0 1 0 7.4H6",
  link: "M6.8 9.2a2.7 2.7 0 0 0 3.9 0l2-2a2.7 2.7 0 0 0-3.9-3.9l-.8.8M9.2 6.8a2.7 2.7 0 0 0-3.9 0l-2 2a2.7 2.7 0 0 0 3.9 3.9l.8-.8",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M2.5 13.5h11",
  lock: "M3.5 7h9v6.5h-9ZM5.3 7V5a2.7 2.7 0 0 1 5.4 0v2",
  key: "M5.5 7.5a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM7.7 8.3 13 3M11 5l1.8 1.8",
  out: "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
  pin: "M8 14s4.5-4.3 4.5-7.5a4.5 4.5 0 1 0-9 0C3.5 9.7 8 14 8 14ZM8 5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3Z",
  copy: "M5.5 5.5h8v8h-8ZM3 10.5h-.5v-8h8V3",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.3 4.5l.7 9h6l.7-9",
  print: "M4.5 6V2.5h7V6M4.5 11h-2V6h11v5h-2M4.5 9.5h7v4h-7Z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, title }: { name: IconName; title?: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" role={title ? "img" : undefined} aria-hidden={title ? undefined : "true"} aria-label={title}>
      <path d={paths[name]} />
    </svg>
  );
}
