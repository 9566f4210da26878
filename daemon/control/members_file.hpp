// The text of the file in node.data_dir: whom to ask when this member starts again. It holds the addresses of
// all members it knew, the given up too, for after a power cut those are the others. Nothing in it is
// believed as membership, so neither status nor incarnation stand there.
//
//   ringside members 1
//   cluster: shop
//   member: 10.0.0.1:7601
//   member: 10.0.0.2:7601
//   checksum: 0503a227
//
// The checksum is CRC-32C of all lines before its own. Fields that a later release adds are passed over; what
// it means by a field it changes has another number in the first line. A value: no file is touched here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"

namespace ringside::control {

struct MembersFile {
  std::string cluster;                 // its name: printable, without spaces
  std::vector<std::string> addresses;  // host:port
  friend bool operator==(const MembersFile&, const MembersFile&) = default;
};

[[nodiscard]] std::string write_members_file(const MembersFile&);
// The error says what is wrong with the text, in a phrase that goes on after "the file": "is cut short".
// Bounds: limits::members_file_bytes, limits::members.
[[nodiscard]] Result<MembersFile, std::string> read_members_file(std::string_view text);

}  // namespace ringside::control
