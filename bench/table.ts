/** A column of a table: its heading and on which side its cells stand. */
export interface Column {
  heading: string;
  align: "left" | "right";
  /** Width to reserve when rows are printed one by one, before all are known. */
  width?: number;
}

/** Renders the heading line and its rule. */
export function renderHeading(columns: readonly Column[]): string {
  const heading = renderRow(
    columns,
    columns.map((column) => column.heading),
  );
  return `${heading}\n${columns.map((column) => "-".repeat(widthOf(column))).join("  ")}`;
}

/** Renders one row at the columns' reserved widths. */
export function renderRow(columns: readonly Column[], cells: readonly string[]): string {
  const padded = columns.map((column, i) => {
    const cell = cells[i] ?? "";
    return column.align === "left" ? cell.padEnd(widthOf(column)) : cell.padStart(widthOf(column));
  });
  return padded.join("  ").trimEnd();
}

/** Renders a whole table for a terminal, each column as wide as its widest cell. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const fitted = columns.map((column, i) => ({
    ...column,
    width: Math.max(column.heading.length, ...rows.map((row) => row[i]?.length ?? 0)),
  }));
  return [renderHeading(fitted), ...rows.map((row) => renderRow(fitted, row))].join("\n");
}

/** Renders a whole table as Markdown. */
export function renderMarkdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = columns.map((column) => (column.align === "left" ? "---" : "--:"));
  return [line(columns.map((column) => column.heading)), line(rule), ...rows.map(line)].join("\n");
}

function widthOf(column: Column): number {
  return Math.max(column.width ?? 0, column.heading.length);
}
