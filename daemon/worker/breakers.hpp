// The circuit breakers of one worker (daemon/forward/breaker.hpp): for the members it sends requests to, and
// for this node's app. Only who failed last is in the table, so that it costs nothing while all is well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/forward/breaker.hpp"
#include "daemon/worker/context.hpp"

namespace ringside::worker {

class Breakers {
 public:
  static constexpr std::string_view app{};  // beside the addresses of members

  explicit Breakers(Context&);

  // May a request be tried there? 0: yes; else the seconds after which it may.
  [[nodiscard]] int wait_s(std::string_view target) {
    return troubled_.empty() ? 0 : wait_of_troubled(target);
  }
  void answered(std::string_view target) {
    if (!troubled_.empty()) remove(target);
  }
  void failed(std::string_view target, std::string_view why);
  // After a new view: who has left, or has come back as another process, starts anew.
  void forget_absent();

 private:
  struct Entry {
    std::string target;
    std::int64_t incarnation;  // of the member when it failed first
    forward::Breaker breaker;
  };
  [[nodiscard]] int wait_of_troubled(std::string_view target);
  [[nodiscard]] Entry* find(std::string_view target);
  void remove(std::string_view target);
  [[nodiscard]] std::int64_t incarnation_of(std::string_view address) const;  // 0: not a member to be reached

  Context& context_;
  forward::BreakerPolicy policy_;
  std::vector<Entry> troubled_;
};

}  // namespace ringside::worker
