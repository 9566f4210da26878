// See lifeguard.hpp.
#include "daemon/swim/lifeguard.hpp"

#include <array>
#include <cstdint>

namespace ringside::swim {
namespace {

// 1000 * ln(n), for n from 1.
constexpr std::array<std::int64_t, 11> logarithms{0,    693,  1099, 1386, 1609, 1792,
                                                  1946, 2079, 2197, 2303, 2398};

}  // namespace

Duration suspicion_time(Duration least, int suspect_factor, int confirmations, int wanted) {
  if (wanted <= 0 || suspect_factor <= 1 || confirmations >= wanted) return least;
  const auto log = [](int n) { return logarithms.at(static_cast<std::size_t>(n)); };
  const Duration most = least * suspect_factor;
  return most - (most - least) / log(wanted) * log(confirmations);
}

Accusers::Accusers(std::string_view first, int wanted, std::size_t others)
    : wanted_(std::min(wanted, static_cast<int>(std::min<std::size_t>(others, logarithms.size() - 1)))) {
  if (!first.empty()) names_.emplace_back(first);
}

bool Accusers::add(std::string_view accuser) {
  if (accuser.empty() || confirmations() >= wanted_ || std::ranges::find(names_, accuser) != names_.end())
    return false;
  names_.emplace_back(accuser);
  return true;
}

int Accusers::confirmations() const {
  return std::max(0, static_cast<int>(names_.size()) - 1);
}

Duration SleepWatch::overslept(Instant now, Instant due) {
  const Instant expected = std::max(last_, due);
  last_ = now;
  const Duration late = now > expected ? now - expected : Duration{};
  if (late <= tolerance_) return Duration{};
  woke_ = now;
  return late;
}

}  // namespace ringside::swim
