// Fingerprint32 against every value of the golden table.
#include "daemon/ring/hash.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace ringside;

TEST_CASE("the hash is FarmHash Fingerprint32, to the last vector") {
  std::ifstream file(RINGSIDE_SOURCE_DIR "/proto/vectors/farmhash/farmhash.json");
  const auto table = nlohmann::json::parse(file).at("vectors");
  REQUIRE(table.size() >= 34);
  for (const auto& row : table) {
    std::string bytes;
    const std::string hex = row.at("hex");
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    INFO("hex " << hex);
    CHECK(ring::fingerprint32(bytes) == row.at("fingerprint32").get<std::uint32_t>());
  }
}
