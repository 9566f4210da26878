// Judged by a stranger: Boost.Beast reads mutated requests and replies after us. A message that both accept
// must have the same body and the same end; and what we write on from it must mean to Beast what it means to
// us.
//
// Excluded is what Beast refuses and we take, since it says nothing about length: empty lines before a
// request, minor versions above 1, Connection options that are no tokens (we only look for the ones we know)
// and chunk extensions that are no name and value (we drop them all).
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <catch2/catch.hpp>

#include "daemon/base/rng.hpp"
#include "exchange_reader.hpp"
#include "mutations.hpp"
#include "proto/http1/writer.hpp"

namespace ringside::test {
namespace {

namespace beast = boost::beast::http;

struct Split {
  bool accepted = false;
  std::string body;
  std::size_t consumed = 0;
};

template <bool is_request>
Split by_beast(std::string_view bytes) {
  beast::parser<is_request, beast::string_body> parser;
  parser.eager(true);
  parser.header_limit(1 << 20);
  parser.body_limit(boost::none);
  Split split;
  boost::beast::error_code error;
  while (!parser.is_done() && split.consumed < bytes.size()) {
    const auto rest = bytes.substr(split.consumed);
    const auto taken = parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
    split.consumed += taken;
    if (error && error != beast::error::need_more) return split;
    if (taken == 0) break;
  }
  if (!is_request && !parser.is_done() && parser.is_header_done() && parser.need_eof()) parser.put_eof(error);
  split.accepted = parser.is_done();
  split.body = parser.get().body();
  return split;
}

ReadMessage first_of(std::string_view bytes, std::size_t& consumed) {
  auto reader = request_reader();
  ReadStream read;
  for (std::size_t at = 0; at < bytes.size(); ++at) {  // byte by byte, to know where the first message ends
    reader.feed(bytes.substr(at, 1));
    read = reader.end();
    if (read.refused != 0) return {};
    if (!read.messages.empty()) {
      consumed = at + 1;
      return read.messages[0];
    }
  }
  return {};
}

std::string forwarded(const ReadMessage& message) {
  http::RequestHead head;
  head.method = message.method;
  head.target = message.target;
  head.authority = message.authority;
  for (const auto& [name, value] : message.fields) head.fields.push_back({name, value});
  http::remove_hop_by_hop(head.fields);
  head.framing = message.framing;
  std::string out;
  http1::write(out, head);
  if (message.framing.kind == http::BodyKind::chunked) {
    http1::write_chunk(out, message.body);
    http1::write_last_chunk(out);
  } else {
    out += message.body;
  }
  return out;
}

std::string_view without_empty_lines(std::string_view bytes) {
  while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  return bytes;
}

}  // namespace

TEST_CASE("no mutated request that we accept is split differently by another reader", "[http1]") {
  Rng rng(20261122);
  int accepted = 0, agreed = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::string bytes = mutate(rng, seeds[rng.below(seeds.size())]);
    std::size_t consumed = 0;
    const auto ours = first_of(bytes, consumed);
    if (consumed == 0) continue;
    ++accepted;
    INFO(bytes);
    const auto rest = without_empty_lines(bytes);
    const auto theirs = by_beast<true>(rest);
    if (theirs.accepted) {
      ++agreed;
      REQUIRE(theirs.body == ours.body);
      REQUIRE(theirs.consumed + (bytes.size() - rest.size()) == consumed);
    }
    const auto written = forwarded(ours);
    const auto reread = by_beast<true>(written);
    INFO("written on as " << written);
    REQUIRE(reread.accepted);
    REQUIRE(reread.body == ours.body);
    REQUIRE(reread.consumed == written.size());
  }
  CHECK(accepted > 2000);
  CHECK(agreed > accepted * 9 / 10);
}

TEST_CASE("no mutated reply that we accept is split differently by another reader", "[http1]") {
  Rng rng(20261123);
  int accepted = 0, agreed = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::string bytes = mutate(rng, reply_seeds[rng.below(reply_seeds.size())]);
    const auto read = test::read(response_reader(false), bytes, bytes.size(), 1);
    if (read.messages.size() != 1 || read.messages[0].status < 200) continue;
    ++accepted;
    const auto theirs = by_beast<false>(bytes);
    if (!theirs.accepted) continue;
    ++agreed;
    INFO(bytes);
    REQUIRE(theirs.body == read.messages[0].body);
    REQUIRE(theirs.consumed == read.consumed);
  }
  CHECK(accepted > 2000);
  CHECK(agreed > accepted * 9 / 10);
}

}  // namespace ringside::test
