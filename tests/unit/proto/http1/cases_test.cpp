// The case list of proto/vectors/http1: every request and reply whole, byte by byte, and cut at every offset.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "exchange_reader.hpp"

namespace ringside::test {
namespace {

using nlohmann::json;

json load(const std::string& name) {
  std::ifstream file(std::string(RINGSIDE_SOURCE_DIR) + "/proto/vectors/http1/" + name);
  REQUIRE(file.good());
  return json::parse(file).at("cases");
}

// JSON holds text; the vectors write byte n as code point n.
std::string latin1(const std::string& utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      bytes.push_back(utf8[i]);
    } else {
      const auto next = static_cast<unsigned char>(utf8.at(++i));
      bytes.push_back(static_cast<char>(((lead & 3) << 6) | (next & 0x3f)));
    }
  }
  return bytes;
}

std::string bytes_of(const json& parts) {
  if (parts.is_string()) return latin1(parts.get<std::string>());
  std::string bytes;
  for (const json& part : parts) {
    if (part.is_string()) {
      bytes += latin1(part.get<std::string>());
    } else {
      for (int i = 0; i < part.at(1).get<int>(); ++i) bytes += latin1(part.at(0).get<std::string>());
    }
  }
  return bytes;
}

// What an app would get: hop-by-hop fields are gone.
std::vector<http::Field> end_to_end(const ReadMessage& message) {
  std::vector<http::Field> fields;
  for (const auto& [name, value] : message.fields) fields.push_back({name, value});
  http::remove_hop_by_hop(fields);
  return fields;
}

void check_message(const json& wanted, const ReadMessage& message) {
  CHECK(message.body == wanted.at("body").get<std::string>());
  if (wanted.contains("method")) CHECK(message.method == wanted["method"].get<std::string>());
  if (wanted.contains("target")) CHECK(message.target == bytes_of(wanted["target"]));
  if (wanted.contains("authority")) CHECK(message.authority == wanted["authority"].get<std::string>());
  if (wanted.contains("status")) CHECK(message.status == wanted["status"].get<int>());
  if (wanted.contains("announced")) CHECK(message.framing.length == wanted["announced"].get<std::uint64_t>());
  CHECK(message.expect_continue == wanted.value("expect_continue", false));
  if (wanted.contains("keep_alive")) CHECK(message.keep_alive == wanted["keep_alive"].get<bool>());
  const auto fields = end_to_end(message);
  const json wanted_fields = wanted.value("fields", json::object());
  for (const auto& [name, value] : wanted_fields.items()) {
    INFO("field " << name);
    const auto found = http::find(fields, name);
    CHECK(found.has_value() == !value.is_null());
    if (found && value.is_string()) CHECK(*found == latin1(value.get<std::string>()));
  }
}

void check_verdict(const json& wanted, const ReadStream& read) {
  INFO(read);
  CHECK(read.refused == wanted.value("refused", 0));
  CHECK(read.unfinished == wanted.value("unfinished", false));
  const auto messages = wanted.value("accepted", json::array());
  REQUIRE(read.messages.size() == messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) check_message(messages[i], read.messages[i]);
}

template <class MakeReader>
void check_case(const json& wanted, MakeReader make) {
  INFO(wanted.at("id") << " " << wanted.at("case"));
  const std::string bytes = bytes_of(wanted.at("bytes"));
  const auto whole = read(make(), bytes, bytes.size(), 1);
  check_verdict(wanted, whole);
  if (bytes.size() >= 4096) {
    CHECK(read(make(), bytes, 0, 997) == whole);
    return;
  }
  CHECK(read(make(), bytes, 0, 1) == whole);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    INFO("cut at " << cut);
    REQUIRE(read(make(), bytes, cut, bytes.size()) == whole);
  }
}

}  // namespace

TEST_CASE("every request of the case list gets its verdict however it is cut", "[http1]") {
  const json cases = load("requests.json");
  CHECK(cases.size() == 104);
  for (const json& wanted : cases) check_case(wanted, request_reader);
}

TEST_CASE("a request of the case list gets the same verdict behind a good one on the same connection",
          "[http1]") {
  const std::string good =
      "POST /before HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (const json& wanted : load("requests.json")) {
    INFO(wanted.at("id") << " " << wanted.at("case"));
    const std::string bytes = bytes_of(wanted.at("bytes"));
    const auto alone = read_requests(bytes);
    auto behind = read_requests(good + bytes);
    REQUIRE(!behind.messages.empty());
    CHECK(behind.messages.front().body == "abc");
    behind.messages.erase(behind.messages.begin());
    CHECK(behind.messages == alone.messages);
    CHECK(behind.refused == alone.refused);
    CHECK(behind.unfinished == alone.unfinished);
  }
}

TEST_CASE("every reply of the case list gets its verdict however it is cut", "[http1]") {
  const json cases = load("responses.json");
  CHECK(cases.size() == 17);
  for (const json& wanted : cases) {
    check_case(wanted, [&] { return response_reader(wanted.value("to_head", false)); });
  }
}

}  // namespace ringside::test
