'use strict';
// The two classes of the package `metrics` that ringpop-node uses: a meter, which only /admin/stats shows, and the
// histogram of ping times, whose median sets the protocol period. Plain averages will do: nothing decays here.

const KEPT = 1000;

class Meter {
  constructor() {
    this.count = 0;
    this.since = Date.now();
    this.m1Rate = this.m5Rate = this.m15Rate = {stop() {}};
  }

  mark() {
    this.count += 1;
  }

  printObj() {
    const rate = this.count / Math.max(1, (Date.now() - this.since) / 1000);
    return {type: 'meter', count: this.count, m1: rate, m5: rate, m15: rate};
  }
}

class Histogram {
  constructor() {
    this.values = [];
  }

  update(value) {
    this.values.push(value);
    if (this.values.length > KEPT) this.values.shift();
  }

  percentiles(wanted) {
    const sorted = [...this.values].sort((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    return Object.fromEntries(wanted.map((share) => [share, at(share)]));
  }

  printObj() {
    const found = this.percentiles([0.5, 0.75, 0.95, 0.99]);
    return {type: 'histogram', median: found[0.5], p75: found[0.75], p95: found[0.95], p99: found[0.99]};
  }
}

module.exports = {Meter, Histogram};
