// json-logic-engine's build(), on the rules and orders that stdin gives: masks and µs an order.
import { LogicEngine } from "json-logic-engine";
import { readFileSync } from "node:fs";

const { rules, orders, rounds } = JSON.parse(readFileSync(0, "utf8"));
const engine = new LogicEngine();
engine.addMethod("lower", ([text]) => text.toLowerCase(), { deterministic: true });
const built = rules.map((rule) => engine.build(rule));

const masks = () => orders.map((order) => built.reduce((mask, fires, bit) => (fires(order) ? mask + 2 ** bit : mask), 0));

const answers = masks();
const times = [];
for (let round = 0; round < rounds; round++) {
  let passes = 0;
  const started = process.hrtime.bigint();
  let elapsed = 0n;
  while (elapsed < 20_000_000n) {
    masks();
    passes++;
    elapsed = process.hrtime.bigint() - started;
  }
  times.push(Number(elapsed) / passes / orders.length / 1e9);
}
times.sort((a, b) => a - b);
console.log(JSON.stringify({ answers, seconds: times[Math.floor(times.length / 2)] }));
