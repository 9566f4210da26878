// The tables of HPACK (RFC 7541 section 2.3): 61 fields that everybody knows, and behind them the ones that a
// connection has seen lately, newest first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http/names.hpp"

namespace ringside::http2 {

inline constexpr std::size_t static_fields = 61;
inline constexpr std::size_t table_bytes = 4096;   // SETTINGS_HEADER_TABLE_SIZE before anybody says otherwise
inline constexpr std::size_t entry_overhead = 32;  // what an entry counts beyond its text (4.1)

struct StaticField {
  std::string_view name, value;
};
// Index 1 to 61 (appendix A).
[[nodiscard]] const StaticField& static_field(std::size_t index) noexcept;
// The first index of that name, in lower case; 0: none.
[[nodiscard]] std::size_t find_static(std::string_view name) noexcept;

class DynamicTable {
 public:
  struct Entry {
    std::string text;  // name and value
    std::size_t name_length = 0;
    http::Name known = http::Name::other;
    bool well_formed = true;
    std::uint32_t hash = 0;
    [[nodiscard]] std::string_view name() const noexcept {
      return std::string_view(text).substr(0, name_length);
    }
    [[nodiscard]] std::string_view value() const noexcept {
      return std::string_view(text).substr(name_length);
    }
    [[nodiscard]] std::size_t size() const noexcept { return text.size() + entry_overhead; }
  };

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  // 0 is the newest.
  [[nodiscard]] const Entry& at(std::size_t age) const noexcept {
    return ring_[(newest_ - age) & (ring_.size() - 1)];
  }
  // Older ones go for it. Null: it is larger than the whole table, which is empty now (4.4). Neither text may
  // be an entry's own.
  Entry* insert(std::string_view name, std::string_view value);
  void limit(std::size_t bytes);
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

 private:
  void shrink(std::size_t bytes);
  void grow();

  std::vector<Entry> ring_;  // a power of two of them; an entry that has gone leaves its memory to the next
  std::size_t newest_ = 0, count_ = 0, bytes_ = 0;
  std::size_t limit_ = table_bytes;
};

}  // namespace ringside::http2
