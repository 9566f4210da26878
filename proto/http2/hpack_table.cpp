#include "proto/http2/hpack_table.hpp"

#include <utility>

namespace ringside::http2 {
namespace {

constexpr std::array<StaticField, static_fields> fields = {{
    {":authority", ""},
    {":method", "GET"},
    {":method", "POST"},
    {":path", "/"},
    {":path", "/index.html"},
    {":scheme", "http"},
    {":scheme", "https"},
    {":status", "200"},
    {":status", "204"},
    {":status", "206"},
    {":status", "304"},
    {":status", "400"},
    {":status", "404"},
    {":status", "500"},
    {"accept-charset", ""},
    {"accept-encoding", "gzip, deflate"},
    {"accept-language", ""},
    {"accept-ranges", ""},
    {"accept", ""},
    {"access-control-allow-origin", ""},
    {"age", ""},
    {"allow", ""},
    {"authorization", ""},
    {"cache-control", ""},
    {"content-disposition", ""},
    {"content-encoding", ""},
    {"content-language", ""},
    {"content-length", ""},
    {"content-location", ""},
    {"content-range", ""},
    {"content-type", ""},
    {"cookie", ""},
    {"date", ""},
    {"etag", ""},
    {"expect", ""},
    {"expires", ""},
    {"from", ""},
    {"host", ""},
    {"if-match", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"if-range", ""},
    {"if-unmodified-since", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"max-forwards", ""},
    {"proxy-authenticate", ""},
    {"proxy-authorization", ""},
    {"range", ""},
    {"referer", ""},
    {"refresh", ""},
    {"retry-after", ""},
    {"server", ""},
    {"set-cookie", ""},
    {"strict-transport-security", ""},
    {"transfer-encoding", ""},
    {"user-agent", ""},
    {"vary", ""},
    {"via", ""},
    {"www-authenticate", ""},
}};

constexpr std::size_t slots = 256;
constexpr std::size_t slot_of(std::string_view name) noexcept {
  const auto at = [name](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(name[i]));
  };
  return (name.size() * 7 + at(1 % name.size()) * 3 + at(name.size() / 2) * 5 + at(name.size() - 1) * 11) %
         slots;
}

// Open addressing over the first index of each name; 0 is empty.
constexpr std::array<std::uint8_t, slots> index = [] {
  std::array<std::uint8_t, slots> table{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0 && fields[i].name == fields[i - 1].name) continue;
    std::size_t slot = slot_of(fields[i].name);
    while (table[slot] != 0) slot = (slot + 1) % slots;
    table[slot] = static_cast<std::uint8_t>(i + 1);
  }
  return table;
}();

constexpr std::size_t ring_at_first = 16;

}  // namespace

const StaticField& static_field(std::size_t at) noexcept {
  return fields[at - 1];
}

std::size_t find_static(std::string_view name) noexcept {
  if (name.empty()) return 0;
  for (std::size_t slot = slot_of(name); index[slot] != 0; slot = (slot + 1) % slots)
    if (fields[index[slot] - 1U].name == name) return index[slot];
  return 0;
}

void DynamicTable::shrink(std::size_t bytes) {
  while (bytes_ > bytes) bytes_ -= at(--count_).size();
}

void DynamicTable::grow() {
  std::vector<Entry> larger(ring_.empty() ? ring_at_first : 2 * ring_.size());
  for (std::size_t age = 0; age < count_; ++age)
    larger[count_ - 1 - age] = std::move(ring_[(newest_ - age) & (ring_.size() - 1)]);
  ring_ = std::move(larger);
  newest_ = count_ - 1;  // wraps when there is none
}

DynamicTable::Entry* DynamicTable::insert(std::string_view name, std::string_view value) {
  const std::size_t size = name.size() + value.size() + entry_overhead;
  if (size > limit_) {
    shrink(0);
    return nullptr;
  }
  shrink(limit_ - size);
  if (count_ == ring_.size()) grow();
  ++newest_;
  ++count_;
  bytes_ += size;
  Entry& entry = ring_[newest_ & (ring_.size() - 1)];
  entry.text.assign(name).append(value);
  entry.name_length = name.size();
  return &entry;
}

void DynamicTable::limit(std::size_t bytes) {
  limit_ = bytes;
  shrink(bytes);
}

}  // namespace ringside::http2
