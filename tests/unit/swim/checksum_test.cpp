// The membership checksum in both dialects, against every golden membership.
#include "daemon/swim/checksum.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/ring/hash.hpp"

using namespace ringside;
using namespace ringside::swim;
using ringpop::Status;

namespace {

struct Parsed {  // owns the addresses that the lines point to
  std::vector<std::string> addresses;
  std::vector<Standing> standings;
  [[nodiscard]] std::vector<ChecksumLine> lines(bool backwards) const {
    std::vector<ChecksumLine> all;
    for (std::size_t i = 0; i < addresses.size(); ++i) all.push_back({addresses[i], standings[i]});
    if (backwards) std::reverse(all.begin(), all.end());
    return all;
  }
};

// "127.0.0.1:3000alive14#labels-3;..." back into what it was made of.
Parsed parse(const std::string& text) {
  static const std::vector<std::pair<std::string, Status>> words{{"alive", Status::alive},
                                                                 {"suspect", Status::suspect},
                                                                 {"faulty", Status::faulty},
                                                                 {"leave", Status::leave}};
  Parsed parsed;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(';', at), text.size());
    const std::string line = text.substr(at, end - at);
    for (const auto& [word, status] : words) {
      const std::size_t place = line.find(word);
      if (place == std::string::npos) continue;
      const std::size_t labels = line.find("#labels");
      parsed.addresses.push_back(line.substr(0, place));
      parsed.standings.push_back({status, std::stoll(line.substr(place + word.size())),
                                  labels == std::string::npos ? 0 : std::stoi(line.substr(labels + 7))});
    }
    at = end + 1;
  }
  return parsed;
}

void check_dialect(const char* file_name, ChecksumDialect dialect) {
  std::ifstream file(std::string(RINGSIDE_SOURCE_DIR "/proto/vectors/ring/") + file_name);
  const auto cases = nlohmann::json::parse(file);
  int checked = 0;
  for (const auto& [name, expected] : cases.items()) {
    if (!expected.contains("membershipString")) continue;
    INFO(file_name << " " << name);
    const std::string text = expected.at("membershipString");
    const Parsed members = parse(text);
    for (const bool backwards : {false, true}) {
      CHECK(checksum_text(members.lines(backwards), dialect) == text);
      CHECK(checksum_of(members.lines(backwards), dialect) ==
            expected.at("membershipChecksum").get<std::uint32_t>());
    }
    ++checked;
  }
  CHECK(checked == 6);
}

}  // namespace

TEST_CASE("every golden membership has ringpop-go's checksum in the dialect go") {
  check_dialect("go-membership-ring.json", ChecksumDialect::go);
}

TEST_CASE("every golden membership has ringpop-node's checksum in the dialect node") {
  check_dialect("node-membership-ring.json", ChecksumDialect::node);
}

TEST_CASE("a checksum of rows: tombstones are left out, node knows no labels") {
  const std::vector<MemberRow> plain{{"127.0.0.1:3000", "", Status::alive, 1414142122274, {}},
                                     {"127.0.0.1:3001", "", Status::suspect, 1414142122275, {}}};
  CHECK(membership_checksum(plain, ChecksumDialect::go) == 513434519);
  CHECK(membership_checksum(plain, ChecksumDialect::node) == 1068767870);

  auto more = plain;
  more[0].labels = {{"hello", "world"}};
  more.push_back({"127.0.0.1:3002", "", Status::tombstone, 7, {}});
  CHECK(membership_checksum(more, ChecksumDialect::go) == 1603078711);
  CHECK(membership_checksum(more, ChecksumDialect::node) == 1068767870);

  const std::vector<MemberRow> one{plain[0]};
  CHECK(membership_checksum(one, ChecksumDialect::go) == 594055096);
  CHECK(membership_checksum(one, ChecksumDialect::node) == 1632809354);
}
