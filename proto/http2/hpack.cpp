#include "proto/http2/hpack.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "proto/http/syntax.hpp"
#include "proto/http2/huffman.hpp"

namespace ringside::http2 {
namespace {

constexpr std::uint8_t indexed_bit = 0x80, keep_bit = 0x40, resize_bit = 0x20, huffman_bit = 0x80,
                       never_bits = 0x10;
constexpr std::size_t places = 512;  // a power of two; four times the entries that fit

bool is_name(std::string_view name) noexcept {
  if (name.starts_with(':')) name.remove_prefix(1);
  const auto good = [](char c) { return http::is(c, http::token_byte) && (c < 'A' || c > 'Z'); };
  return !name.empty() && std::ranges::all_of(name, good);
}

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

bool is_value(std::string_view value) noexcept {
  if (value.empty()) return true;
  if (is_blank(value.front()) || is_blank(value.back())) return false;
  return http::all_of(value, http::value_byte);
}

// What name_of() says of them, once for all.
const std::array<http::Name, static_fields>& static_names() noexcept {
  static const std::array<http::Name, static_fields> names = [] {
    std::array<http::Name, static_fields> made{};
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = http::name_of(static_field(i + 1).name);
    return made;
  }();
  return names;
}

std::uint32_t word(std::string_view text, std::size_t at) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, text.data() + at, std::min<std::size_t>(4, text.size() - at));
  return value;
}

// Of the ends of both texts: what it takes for different fields to be told apart is settled by comparing.
std::uint32_t hash_of(std::string_view name, std::string_view value) noexcept {
  std::uint32_t hash = static_cast<std::uint32_t>(name.size() * 31 + value.size());
  const auto mix = [&hash](std::uint32_t more) {
    hash = (hash ^ more) * 0x9e3779b1U;
    hash ^= hash >> 15;
  };
  for (const std::string_view text : {name, value}) {
    if (text.empty()) continue;
    mix(word(text, 0));
    mix(word(text, text.size() / 2));
    mix(word(text, text.size() < 4 ? 0 : text.size() - 4));
  }
  return hash;
}

void append_number(std::string& out, std::uint8_t first, unsigned prefix_bits, std::size_t value) {
  const std::size_t most = (std::size_t{1} << prefix_bits) - 1;
  if (value < most) {
    out.push_back(static_cast<char>(first | value));
    return;
  }
  out.push_back(static_cast<char>(first | most));
  for (value -= most; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(0x80 | (value & 0x7f)));
  out.push_back(static_cast<char>(value));
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, 0, 7, text.size());
  out.append(text);
}

}  // namespace

// ---- in

void HpackDecoder::begin(std::string_view block) noexcept {
  at_ = block.data();
  end_ = at_ + block.size();
  seen_field_ = false;
}

bool HpackDecoder::next(HpackField& field) {
  while (!failed_ && at_ != end_) {
    const auto first = static_cast<std::uint8_t>(*at_);
    std::size_t index = 0;
    if ((first & indexed_bit) != 0) return number(7, index) && indexed(index, field);
    if ((first & keep_bit) != 0) return number(6, index) && literal(index, true, field);
    if ((first & resize_bit) == 0) return number(4, index) && literal(index, false, field);
    if (!number(5, index) || !resize(index)) return false;
  }
  return false;
}

// RFC 7541 5.1. Nothing that is counted here is longer than a block, and none is of 2^28 bytes.
bool HpackDecoder::number(unsigned prefix_bits, std::size_t& value) noexcept {
  const std::size_t most = (std::size_t{1} << prefix_bits) - 1;
  value = static_cast<std::uint8_t>(*at_++) & most;
  if (value < most) return true;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    if (at_ == end_) return fail();
    const auto byte = static_cast<std::uint8_t>(*at_++);
    value += std::size_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return fail();
}

bool HpackDecoder::text(std::string& scratch, std::string_view& out) {
  if (at_ == end_) return fail();
  const bool coded = (static_cast<std::uint8_t>(*at_) & huffman_bit) != 0;
  std::size_t length = 0;
  if (!number(7, length)) return false;
  if (length > static_cast<std::size_t>(end_ - at_)) return fail();
  out = {at_, length};
  at_ += length;
  if (!coded) return true;
  if (!decode_huffman(out, scratch)) return fail();
  out = scratch;
  return true;
}

bool HpackDecoder::indexed(std::size_t index, HpackField& field) {
  seen_field_ = true;
  if (index == 0 || index > static_fields + table_.count()) return fail();
  if (index <= static_fields) {
    const auto& known = static_field(index);
    field = {known.name, known.value, static_names()[index - 1], true};
  } else {
    const auto& entry = table_.at(index - static_fields - 1);
    field = {entry.name(), entry.value(), entry.known, entry.well_formed};
  }
  return true;
}

bool HpackDecoder::literal(std::size_t name_index, bool keep, HpackField& field) {
  bool good_name = true;
  if (name_index == 0) {
    seen_field_ = true;
    if (!text(name_, field.name)) return false;
    field.known = http::name_of(field.name);
    good_name = is_name(field.name);
  } else {
    if (!indexed(name_index, field)) return false;
    // Of an entry with that name it is not known whether it was the name or the value that was no good.
    if (!field.well_formed) good_name = is_name(field.name);
    if (keep && name_index > static_fields)
      field.name = name_.assign(field.name);  // the entry may have to go
  }
  if (!text(value_, field.value)) return false;
  field.well_formed = good_name && is_value(field.value);
  if (!keep) return true;
  if (auto* entry = table_.insert(field.name, field.value)) {
    entry->known = field.known;
    entry->well_formed = field.well_formed;
  }
  return true;
}

// RFC 7541 4.2: at the beginning of a block only.
bool HpackDecoder::resize(std::size_t bytes) {
  if (seen_field_ || bytes > table_bytes) return fail();
  table_.limit(bytes);
  return true;
}

// ---- out

void HpackEncoder::limit(std::size_t bytes) {
  const std::size_t wanted = std::min(bytes, table_bytes);
  if (wanted == table_.limit() && !limit_changed_) return;
  least_limit_ = limit_changed_ ? std::min(least_limit_, wanted) : wanted;
  limit_changed_ = true;
  table_.limit(wanted);
}

void HpackEncoder::begin(std::string& out) {
  if (!limit_changed_) return;
  limit_changed_ = false;
  if (least_limit_ < table_.limit()) append_number(out, resize_bit, 5, least_limit_);
  append_number(out, resize_bit, 5, table_.limit());
}

void HpackEncoder::add(std::string& out, std::string_view name, std::string_view value, Kind kind,
                       std::uint8_t index) {
  if (kind == Kind::whole) return append_number(out, indexed_bit, 7, index);
  const auto literal = [&](std::uint8_t first, unsigned prefix_bits) {
    const std::size_t at = index == not_looked_up ? find_static(name) : index;
    append_number(out, first, prefix_bits, at);
    if (at == 0) append_text(out, name);
    append_text(out, value);
  };
  if (kind == Kind::single_use) return literal(never_bits, 4);
  if (name.empty()) name = static_field(index).name;
  const std::uint32_t hash = hash_of(name, value);
  if (const std::size_t at = find(name, value, hash)) return append_number(out, indexed_bit, 7, at);
  const std::size_t first = index == not_looked_up ? find_static(name) : index;
  for (std::size_t at = first; at != 0 && at <= static_fields && static_field(at).name == name; ++at)
    if (static_field(at).value == value) return append_number(out, indexed_bit, 7, at);
  literal(keep_bit, 6);
  remember(name, value, hash);
}

// The index of an entry that is the same; 0: none is known. An entry stands at one of two places, or at none
// when others have taken both: then it is only sent once more.
std::size_t HpackEncoder::find(std::string_view name, std::string_view value,
                               std::uint32_t hash) const noexcept {
  if (places_.empty()) return 0;
  for (const std::uint32_t place : {hash, hash >> 16}) {
    const std::uint32_t number = places_[place % places];
    if (!is_kept(number)) continue;
    const std::uint32_t age = inserted_ - number;
    const auto& entry = table_.at(age);
    if (entry.hash == hash && entry.name() == name && entry.value() == value) return static_fields + 1 + age;
  }
  return 0;
}

void HpackEncoder::remember(std::string_view name, std::string_view value, std::uint32_t hash) {
  auto* entry = table_.insert(name, value);
  if (entry == nullptr) return;
  entry->hash = hash;
  if (places_.empty()) places_.resize(places);
  const bool taken = is_kept(places_[hash % places]);
  places_[(taken ? hash >> 16 : hash) % places] = ++inserted_;
}

}  // namespace ringside::http2
