// std::stable_sort without its temporary buffer: that of libstdc++ 12 is deprecated, and clang refuses to
// compile it. Equal elements keep their order, so the result is the same in every library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace ringside {

// `before(a, b)`: a stands in front of b whatever their places were.
template <class T, class Before>
void stable_sort(std::vector<T>& elements, Before before) {
  std::vector<std::size_t> order(elements.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (before(elements[a], elements[b])) return true;
    return !before(elements[b], elements[a]) && a < b;
  });
  std::vector<T> sorted;
  sorted.reserve(elements.size());
  for (const std::size_t i : order) sorted.push_back(std::move(elements[i]));
  elements = std::move(sorted);
}

}  // namespace ringside
