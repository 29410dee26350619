// The parts of Apache ECharts that churnrisk draws with. echarts.min.js beside this file is made from it by
//
//   npm install echarts@6.1.0 esbuild@0.28.2
//   npx esbuild echarts.entry.mjs --bundle --minify --format=iife --global-name=echarts --target=es2018 \
//     --legal-comments=none --outfile=echarts.min.js \
//     "--banner:js=/*! Apache ECharts 6.1.0, a part; Apache-2.0, BSD-3-Clause, 0BSD; see NOTICE of churnrisk */"
//
// SVG and not canvas: it prints sharply and scales with the page.
import { init, registerTheme, use } from "echarts/core";
import { BarChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import {
  GridComponent,
  LegendPlainComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, HeatmapChart, LineChart, ScatterChart]);
use([GridComponent, LegendPlainComponent, MarkLineComponent, TooltipComponent, VisualMapContinuousComponent]);
use([SVGRenderer]);

export { init, registerTheme };
