// The routes of the ingress listener, compiled: which one a request belongs to (the first that matches), and
// what its key is. An immutable value; matching allocates nothing but the key.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/routes/key.hpp"
#include "daemon/routes/path.hpp"
#include "daemon/routes/rule.hpp"

namespace ringside::routes {

struct Entry {
  std::size_t number = 0;  // from 1, as operators count
  Rule rule;
  Path path;
  std::optional<Key> key;

  enum class Miss : std::uint8_t { none, method, path };
  // Whether it takes this request, and if not, why.
  [[nodiscard]] Miss match(std::string_view method, std::string_view path, Values&) const noexcept;
};

// What is wrong with one rule.
struct Fault {
  std::size_t number = 0;    // of the rule, from 1
  std::string_view field{};  // "match", "key", ...; empty: the rule as a whole
  std::string text{};        // one sentence
};

// A target's path: all of it before the query.
[[nodiscard]] inline std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

class Table {
 public:
  // All that is wrong, at most one fault a rule.
  [[nodiscard]] static Result<Table, std::vector<Fault>> compile(const Rules&);

  // The first route that matches, or nullptr; the values of its path's variables go to `values`.
  [[nodiscard]] const Entry* find(const http::RequestHead&, Values& values) const noexcept;

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace ringside::routes
