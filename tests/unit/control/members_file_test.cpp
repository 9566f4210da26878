// The file of known members: what is written is read, and nothing that is not whole is.
#include "daemon/control/members_file.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"

using namespace ringside;
using namespace ringside::control;

namespace {

const MembersFile some{"shop-prod", {"10.0.0.1:7601", "10.0.0.2:7601", "[2001:db8::1]:7601"}};

std::string why_not(std::string_view text) {
  const auto read = read_members_file(text);
  return read ? "it was read" : read.error();
}

}  // namespace

TEST_CASE("what is written is read again, whatever the number of members") {
  MembersFile many{"ringside", {}};
  for (std::size_t i = 0; i < limits::members; ++i)
    many.addresses.push_back("10.1." + std::to_string(i / 200) + "." + std::to_string(i % 200) + ":65535");
  for (const MembersFile& file : {some, MembersFile{"x", {}}, many}) {
    const auto read = read_members_file(write_members_file(file));
    REQUIRE(read.has_value());
    CHECK(*read == file);
  }
  CHECK(write_members_file(many).size() < limits::members_file_bytes);
  many.addresses.emplace_back("10.9.9.9:1");
  CHECK(why_not(write_members_file(many)) == "names more than 4096 members");
}

TEST_CASE("the text is what the header shows") {
  CHECK(write_members_file({"shop", {"10.0.0.1:7601", "10.0.0.2:7601"}}) ==
        "ringside members 1\ncluster: shop\nmember: 10.0.0.1:7601\nmember: 10.0.0.2:7601\n"
        "checksum: 0503a227\n");
}

TEST_CASE("no beginning of it is read") {
  const std::string text = write_members_file(some);
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(read_members_file(std::string_view(text).substr(0, size)).has_error());
  }
  CHECK(why_not("") == "is empty");
  CHECK(why_not(text.substr(0, 10)) == "is cut short");
  CHECK(why_not(text.substr(0, text.size() - 1)) == "is cut short");
}

TEST_CASE("no text with a changed byte is read, nor one with something behind it") {
  const std::string text = write_members_file(some);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = text;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
      if (read_members_file(changed)) FAIL("byte " << at << " changed by " << change << " and read");
    }
  }
  CHECK(read_members_file(text + "\n").has_error());
  CHECK(read_members_file(text + text).has_error());
}

TEST_CASE("what is refused says why") {
  CHECK(why_not("ringside members 2\n") == "is of another version of ringside");
  CHECK(why_not("#!/bin/sh\n") == "is not a list of members");
  CHECK(why_not(write_members_file({"", {}})) == "names no cluster");
  CHECK(why_not(write_members_file({"x", {"nowhere"}})) ==
        "names a member at 'nowhere', which is no host:port");
  CHECK(why_not(std::string(limits::members_file_bytes + 1, 'x')) == "is larger than 524288 bytes");
}
