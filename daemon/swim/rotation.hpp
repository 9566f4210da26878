// Whom to probe next: a shuffled round robin, so that a dead member is found within two rounds by everybody
// and each is probed equally often (SWIM 4.3, spec E.2). Control thread only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/rng.hpp"

namespace ringside::swim {

class Rotation {
 public:
  // At a random place: the newcomer's turn comes in this round or, with the odds of the places already
  // passed, in the next. Nobody else's turn is lost or doubled.
  void add(std::string address, Rng& rng) {
    const std::size_t place = rng.below(order_.size() + 1);
    order_.push_back(std::move(address));
    if (place < next_) {
      std::swap(order_.back(), order_[next_]);
      ++next_;
    } else {
      std::swap(order_.back(), order_[place]);
    }
  }

  void remove(std::string_view address) {
    const auto at = std::find(order_.begin(), order_.end(), address);
    if (at == order_.end()) return;
    if (static_cast<std::size_t>(at - order_.begin()) < next_) --next_;
    order_.erase(at);
  }

  // The next member that `wanted` accepts; nullptr when all have been looked at and none is.
  template <class Wanted>
  const std::string* next(Rng& rng, Wanted wanted) {
    const std::size_t last_look =
        order_.size() - next_ + order_.size();  // the rest of this round and one whole one
    for (std::size_t look = 0; look < last_look; ++look) {
      if (next_ == order_.size()) {
        rng.shuffle(std::span(order_));
        next_ = 0;
      }
      const std::string& candidate = order_[next_++];
      if (wanted(candidate)) return &candidate;
    }
    return nullptr;
  }

  [[nodiscard]] std::size_t size() const { return order_.size(); }

 private:
  std::vector<std::string> order_;
  std::size_t next_ = 0;
};

}  // namespace ringside::swim
