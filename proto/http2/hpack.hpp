// HPACK (RFC 7541) as two values: heads in and out of their compressed form. Each end of a connection has one
// of both, and they must see its heads in the order in which these travel, also the ones that are then
// refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http/names.hpp"
#include "proto/http2/hpack_table.hpp"

namespace ringside::http2 {

struct HpackField {
  std::string_view name, value;
  http::Name known = http::Name::other;
  // Its bytes may stand in a field of HTTP/2 (RFC 9113 8.2.1): a name is a token in lower case, behind a
  // colon if need be; a value holds no control bytes and neither begins nor ends with white space.
  bool well_formed = true;
};

class HpackDecoder {
 public:
  // A block is read field by field, to its end or to an error.
  void begin(std::string_view block) noexcept;
  // False: there is no other. The views live until the next call, and no longer than the block.
  bool next(HpackField&);
  [[nodiscard]] bool failed() const noexcept { return failed_; }  // a compression error: the connection's end

 private:
  bool number(unsigned prefix_bits, std::size_t& value) noexcept;
  bool text(std::string& scratch, std::string_view& out);
  bool indexed(std::size_t index, HpackField&);
  bool literal(std::size_t name_index, bool keep, HpackField&);
  bool resize(std::size_t bytes);
  bool fail() noexcept {
    failed_ = true;
    return false;
  }

  DynamicTable table_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool failed_ = false, seen_field_ = false;
  std::string name_, value_;  // of a field that is Huffman-coded, or whose name is an entry's
};

class HpackEncoder {
 public:
  // What the other side's SETTINGS_HEADER_TABLE_SIZE allows. We never use more than the 4,096 bytes of the
  // beginning.
  void limit(std::size_t bytes);
  // Ahead of the fields of a head.
  void begin(std::string& out);
  enum class Kind : std::uint8_t {
    common,      // enters the table
    single_use,  // enters no table, and no hop may have it enter one (6.2.3)
    whole,       // `index` is all of it
  };
  static constexpr std::uint8_t not_looked_up = 0xff;
  // The name in lower case. `index`: where it stands in the static table, 0 nowhere. With such an index the
  // name may be left empty.
  void add(std::string& out, std::string_view name, std::string_view value, Kind kind,
           std::uint8_t index = not_looked_up);

 private:
  [[nodiscard]] std::size_t find(std::string_view name, std::string_view value,
                                 std::uint32_t hash) const noexcept;
  void remember(std::string_view name, std::string_view value, std::uint32_t hash);
  // Of an entry by its number, counted from 1; numbers may wrap.
  [[nodiscard]] bool is_kept(std::uint32_t number) const noexcept {
    return number != 0 && inserted_ - number < table_.count();
  }

  DynamicTable table_;
  std::vector<std::uint32_t> places_;  // by hash: the number of an entry
  std::uint32_t inserted_ = 0;
  std::size_t least_limit_ = table_bytes;  // since the last head: both must be told (4.2)
  bool limit_changed_ = false;
};

}  // namespace ringside::http2
