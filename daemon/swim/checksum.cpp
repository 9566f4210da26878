// See checksum.hpp.
#include "daemon/swim/checksum.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "daemon/ring/hash.hpp"

namespace ringside::swim {
namespace {

void append_number(std::string& text, std::int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

void append_line(std::string& text, const ChecksumLine& line, bool with_labels) {
  text += line.address;
  text += to_string(line.standing.status);
  append_number(text, line.standing.incarnation);
  if (with_labels && line.standing.label_checksum != 0) {
    text += "#labels";
    append_number(text, line.standing.label_checksum);
  }
  text += ';';
}

std::string node_text(std::span<const ChecksumLine> lines) {
  std::string text;
  for (const ChecksumLine& line : lines) append_line(text, line, false);
  if (!text.empty()) text.pop_back();
  return text;
}

// Go's order is that of the whole lines: ":30000alive" comes before ":3000alive". Lines sorted by address are
// almost in that order, mostly exactly, so they are written first and sorted only if they must be.
std::string go_text(std::span<const ChecksumLine> lines) {
  std::string text;
  text.reserve(lines.size() * 48);
  std::vector<std::size_t> ends;
  ends.reserve(lines.size());
  for (const ChecksumLine& line : lines) {
    append_line(text, line, true);
    ends.push_back(text.size());
  }
  std::vector<std::string_view> sorted;
  sorted.reserve(ends.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    sorted.push_back(std::string_view(text).substr(begin, end - begin - 1));  // compared without the ';'
    begin = end;
  }
  if (std::is_sorted(sorted.begin(), sorted.end())) return text;
  std::sort(sorted.begin(), sorted.end());
  std::string ordered;
  ordered.reserve(text.size());
  for (const std::string_view line : sorted) {
    ordered += line;
    ordered += ';';
  }
  return ordered;
}

}  // namespace

std::string checksum_text(std::vector<ChecksumLine> lines, ChecksumDialect dialect) {
  std::erase_if(lines,
                [](const ChecksumLine& line) { return line.standing.status == ringpop::Status::tombstone; });
  const auto by_address = [](const ChecksumLine& a, const ChecksumLine& b) { return a.address < b.address; };
  if (!std::is_sorted(lines.begin(), lines.end(), by_address))
    std::sort(lines.begin(), lines.end(), by_address);
  switch (dialect) {
    case ChecksumDialect::go: return go_text(lines);
    case ChecksumDialect::node: return node_text(lines);
  }
  return {};
}

std::uint32_t checksum_of(std::vector<ChecksumLine> lines, ChecksumDialect dialect) {
  return ring::fingerprint32(checksum_text(std::move(lines), dialect));
}

std::uint32_t membership_checksum(std::span<const MemberRow> members, ChecksumDialect dialect) {
  std::vector<ChecksumLine> lines;
  lines.reserve(members.size());
  for (const MemberRow& row : members) {
    lines.push_back({row.address, {row.status, row.incarnation, label_checksum(row.labels)}});
  }
  return checksum_of(std::move(lines), dialect);
}

}  // namespace ringside::swim
