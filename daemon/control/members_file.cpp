// See members_file.hpp.
#include "daemon/control/members_file.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

#include "daemon/base/address.hpp"
#include "daemon/base/limits.hpp"
#include "proto/tchannel/checksum.hpp"

namespace ringside::control {
namespace {

constexpr std::string_view first_line = "ringside members 1\n";
constexpr std::string_view any_first_line = "ringside members ";
constexpr std::string_view cluster_field = "cluster: ";
constexpr std::string_view member_field = "member: ";
constexpr std::string_view checksum_field = "checksum: ";

std::string checksum_line(std::string_view text) {
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", static_cast<unsigned>(tchannel::crc32c(0, text)));
  return std::string(checksum_field) + digits.data() + "\n";
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

// Lines in between, of a text whose checksum is right.
Result<MembersFile, std::string> read_fields(std::string_view lines) {
  MembersFile file;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    if (line.starts_with(cluster_field)) file.cluster = line.substr(cluster_field.size());
    if (!line.starts_with(member_field)) continue;
    const std::string_view address = line.substr(member_field.size());
    const auto parsed = parse_address(address);
    if (!parsed || parsed->is_unix() || parsed->port == 0)
      return "names a member at " + quoted(address) + ", which is no host:port";
    if (file.addresses.size() >= limits::members)
      return "names more than " + std::to_string(limits::members) + " members";
    file.addresses.emplace_back(address);
  }
  if (file.cluster.empty()) return std::string("names no cluster");
  return file;
}

}  // namespace

std::string write_members_file(const MembersFile& file) {
  std::string text(first_line);
  text.append(cluster_field).append(file.cluster).append("\n");
  for (const std::string& address : file.addresses) text.append(member_field).append(address).append("\n");
  return text + checksum_line(text);
}

Result<MembersFile, std::string> read_members_file(std::string_view text) {
  if (text.size() > limits::members_file_bytes)
    return "is larger than " + std::to_string(limits::members_file_bytes) + " bytes";
  if (text.empty()) return std::string("is empty");
  if (!text.starts_with(first_line)) {
    if (first_line.starts_with(text)) return std::string("is cut short");
    return text.starts_with(any_first_line) ? std::string("is of another version of ringside")
                                            : std::string("is not a list of members");
  }
  if (text.back() != '\n') return std::string("is cut short");
  const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
  const std::string_view before = text.substr(0, last);
  if (!text.substr(last).starts_with(checksum_field)) return std::string("is cut short");
  if (text.substr(last) != checksum_line(before)) return std::string("is damaged: its checksum is wrong");
  return read_fields(before.substr(first_line.size()));
}

}  // namespace ringside::control
