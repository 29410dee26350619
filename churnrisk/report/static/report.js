// Draws the charts of a page: each element with data-option names a script element that holds its options.
(() => {
  "use strict";

  const language = document.documentElement.lang || "en";
  // Browsers that lack Belarusian write its numbers as English; they are written as Russian ones.
  const format = (options) => new Intl.NumberFormat([language, ...(language === "be" ? ["ru"] : [])], options);
  const whole = format({ maximumFractionDigits: 0 });
  const short = format({ notation: "compact", maximumFractionDigits: 2 });
  const upToTenths = format({ maximumFractionDigits: 1 });
  const hundredths = format({ maximumFractionDigits: 2 });
  const tenths = format({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const NOTHING = "–";
  const write = (how) => (value) => (value === null || value === undefined || value === "" ? NOTHING : how(value));

  // What "@name" stands for in an option, where ECharts wants a function.
  const FORMATS = {
    "@whole": write((value) => whole.format(value)),
    "@short": write((value) => short.format(value)),
    "@share": write((value) => `${upToTenths.format(100 * value)} %`),
    "@ratio": write((value) => hundredths.format(value)),
    "@cell-label": (cell) => tenths.format(cell.value[2]),
    "@cell": (cell) => `${cell.name}: ${tenths.format(cell.value[2])} %`,
  };

  const PRINT = { width: 680, scale: 0.85 }; // fits on A4 and on Letter, in CSS pixels and parts of the height
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Map();

  function readJson(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }

  function resolve(value) {
    if (Array.isArray(value)) return value.map(resolve);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const isFormat = (key === "formatter" || key === "valueFormatter") && inner in FORMATS;
        return [key, isFormat ? FORMATS[inner] : resolve(inner)];
      }),
    );
  }

  // Where the page allows no style attributes, what is pointed at is told inside the drawing and not in HTML.
  const isStrict = document.documentElement.dataset.strict !== undefined;

  function readOption(id) {
    const option = resolve(readJson(id));
    const { tooltip } = option.baseOption || option;
    if (isStrict && tooltip) tooltip.renderMode = "richText";
    return option;
  }

  function draw(element, theme, { width, scale = 1 }) {
    drawn.get(element)?.dispose();
    element.style.height = `${Math.round(scale * element.dataset.height)}px`;
    const chart = echarts.init(element, theme, { renderer: "svg", width });
    chart.setOption(readOption(element.dataset.option));
    chart.on("click", (part) => follow(element, Array.isArray(part.value) ? part.value[1] : part.dataIndex));
    drawn.set(element, chart);
  }

  // Where the rows of the table under a chart lead somewhere, the rows of the chart lead there too.
  function follow(element, row) {
    const links = element.closest("figure").querySelectorAll("tbody th a");
    links[row]?.click();
  }

  // What lies in a folded part has no width yet: it is drawn when it is unfolded, or when the page is printed.
  function drawAll(theme, size = {}) {
    for (const element of document.querySelectorAll(".chart")) {
      if (size.width || element.clientWidth) draw(element, theme, size);
    }
  }

  const screenTheme = () => (dark.matches ? "dark" : "light");

  for (const [name, theme] of Object.entries(readJson("themes"))) echarts.registerTheme(name, theme);
  document.documentElement.classList.add("has-charts");
  drawAll(screenTheme());

  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (drawn.has(target)) drawn.get(target).resize();
      else if (target.clientWidth) draw(target, screenTheme(), {});
    }
  });
  const watch = () => document.querySelectorAll(".chart").forEach((element) => observer.observe(element));
  watch();
  document.addEventListener("charts-came", () => {
    for (const element of [...drawn.keys()].filter((one) => !one.isConnected)) {
      drawn.get(element).dispose();
      drawn.delete(element);
    }
    drawAll(screenTheme());
    watch();
  });
  dark.addEventListener("change", () => drawAll(screenTheme()));
  window.addEventListener("beforeprint", () => drawAll("light", PRINT));
  window.addEventListener("afterprint", () => drawAll(screenTheme()));
})();
