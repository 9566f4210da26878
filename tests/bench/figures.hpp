// What a load generator counts, and the one line of JSON it prints in the end.
#pragma once

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

class Figures {
 public:
  void measure_from(Clock::time_point from) { from_ = from; }

  // An answer that has come now. What was sent in the warm-up counts in the total only.
  void add(Clock::time_point sent, bool ok) {
    ++total_;
    if (!ok) ++errors_;
    if (sent >= from_)
      latencies_us_.push_back(std::chrono::duration<float, std::micro>(Clock::now() - sent).count());
  }

  void print(double seconds) {
    std::sort(latencies_us_.begin(), latencies_us_.end());
    std::cout << "{\"requests\":" << latencies_us_.size() << ",\"total\":" << total_
              << ",\"errors\":" << errors_
              << ",\"rps\":" << static_cast<double>(latencies_us_.size()) / seconds
              << ",\"p50_us\":" << percentile(50) << ",\"p99_us\":" << percentile(99) << "}\n";
  }

 private:
  [[nodiscard]] float percentile(std::size_t p) const {
    return latencies_us_.empty() ? 0 : latencies_us_[(latencies_us_.size() - 1) * p / 100];
  }

  Clock::time_point from_;
  std::size_t total_ = 0, errors_ = 0;
  std::vector<float> latencies_us_;
};

// From standard input, one a line.
inline std::vector<std::string> read_keys() {
  std::vector<std::string> keys;
  for (std::string key; std::getline(std::cin, key);) keys.push_back(key);
  return keys;
}

}  // namespace bench
