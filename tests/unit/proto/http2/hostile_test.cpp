// Bytes nobody should send: random ones, and real traffic with bits flipped, bytes lost or doubled. Nothing
// may crash, every stream ends at most once, and a session that gave up stays given up.
#include <catch2/catch.hpp>

#include "daemon/base/rng.hpp"
#include "wire.hpp"

namespace ringside::test {
namespace {

using http2::Role;

// A conversation with a little of everything; gives what each side put on the wire.
struct Traffic {
  std::string from_client, from_server;
};

void move(Side& from, Side& to, std::string& record) {
  std::string bytes;
  from.session.take_output(bytes);
  record += bytes;
  (void)to.session.receive(bytes);
}

Traffic converse() {
  Side client(Role::client), server(Role::server);
  Traffic traffic;
  server.when_request = [&](http2::StreamId id) {
    auto head = reply(200, {http::BodyKind::chunked, 0});
    head.fields = {{"content-type", "text/plain"}, {"x-request-id", "7"}};
    server.session.submit_continue(id);
    server.session.submit_response(id, head, false);
    server.session.send_data(id, std::string(3000, 'r'), true);
  };
  for (int i = 0; i < 6; ++i) {
    auto head = post("/path/of/some/length");
    head.fields = {{"ringside-key", "user 42"}, {"cookie", "a=b"}, {"accept", "*/*"}};
    const auto id = *client.session.submit_request(head, false);
    client.session.send_data(id, std::string(2000, 'q'), i % 2 == 0);
    move(client, server, traffic.from_client);
    if (i == 3) client.session.reset(id, http2::Code::cancel);
    move(server, client, traffic.from_server);
  }
  server.session.goaway();
  move(server, client, traffic.from_server);
  move(client, server, traffic.from_client);
  return traffic;
}

void spoil(Rng& rng, std::string& bytes) {
  for (std::uint64_t i = 1 + rng.below(4); i > 0 && !bytes.empty(); --i) {
    const std::size_t at = rng.below(bytes.size());
    switch (rng.below(4)) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8))); break;
      case 1: bytes[at] = static_cast<char>(rng.next()); break;
      case 2: bytes.erase(at, 1 + rng.below(20)); break;
      default: bytes.insert(at, bytes.substr(at, 1 + rng.below(40)));
    }
  }
}

// The victim answers what it is asked, as a real owner does; its own output goes nowhere.
void feed(Rng& rng, Role role, std::string_view bytes) {
  Side victim(role);
  victim.when_request = [&](http2::StreamId id) {
    victim.session.submit_response(id, reply(200, {http::BodyKind::chunked, 0}), false);
    victim.session.send_data(id, "answer", true);
  };
  if (role == Role::client) {
    for (int i = 0; i < 6; ++i) {
      const auto id = victim.session.submit_request(post("/"), false);
      if (id) victim.session.send_data(*id, "question", i % 2 == 0);
    }
  }
  std::string out;
  bool alive = true;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t piece = 1 + rng.below(700);
    const bool now = victim.session.receive(std::string(bytes.substr(at, piece)));
    REQUIRE((alive || !now));
    alive = now;
    at += piece;
    victim.session.take_output(out);
  }
  for (const auto& [id, seen] : victim.streams) REQUIRE(seen.closed <= 1);
}

}  // namespace

TEST_CASE("spoiled traffic never breaks a session", "[http2]") {
  Rng rng(42);
  const auto traffic = converse();
  REQUIRE(traffic.from_client.size() > 10'000);
  REQUIRE(traffic.from_server.size() > 10'000);
  for (int round = 0; round < 1500; ++round) {
    auto bytes = traffic.from_client;
    spoil(rng, bytes);
    feed(rng, Role::server, bytes);
    bytes = traffic.from_server;
    spoil(rng, bytes);
    feed(rng, Role::client, bytes);
  }
}

TEST_CASE("random frames never break a session", "[http2]") {
  Rng rng(43);
  for (int round = 0; round < 1000; ++round) {
    const Role role = rng.chance(1, 2) ? Role::server : Role::client;
    std::string bytes(role == Role::server ? http2::client_preface : "");
    bytes += std::string("\0\0\0\x04\0\0\0\0\0", 9);  // SETTINGS, which must come first
    for (std::uint64_t frames = rng.below(20); frames > 0; --frames) {
      const std::size_t length = rng.below(60);
      bytes += {'\0',
                '\0',
                static_cast<char>(length),
                static_cast<char>(rng.below(11)),
                static_cast<char>(rng.next()),
                '\0',
                '\0',
                '\0',
                static_cast<char>(rng.below(14))};
      for (std::size_t i = 0; i < length; ++i) bytes.push_back(static_cast<char>(rng.next()));
    }
    feed(rng, role, bytes);
  }
}

TEST_CASE("floods of resets, settings and continuations end the connection", "[http2]") {
  const std::string opening = std::string(http2::client_preface) + std::string("\0\0\0\x04\0\0\0\0\0", 9);
  const auto survives = [&](std::string bytes) {
    Side server(Role::server);
    bool alive = server.session.receive(opening + bytes);
    std::string out;
    server.session.take_output(out, 1 << 24);
    return alive && !server.session.finished();
  };
  const auto repeat = [](const std::string& frame, int times) {
    std::string bytes;
    for (int i = 0; i < times; ++i) bytes += frame;
    return bytes;
  };
  const std::string settings("\0\0\0\x04\0\0\0\0\0", 9);
  CHECK(survives(repeat(settings, 100)));
  CHECK_FALSE(survives(repeat(settings, 2000)));
  const std::string ping("\0\0\x08\x06\0\0\0\0\0pingping", 17);
  CHECK_FALSE(survives(repeat(ping, 2000)));

  const std::string head("\0\0\x01\x01\0\0\0\0\x01\x82", 10);  // HEADERS without END_HEADERS: :method GET
  const std::string more("\0\0\0\x09\0\0\0\0\x01", 9);         // an empty CONTINUATION
  CHECK(survives(head + repeat(more, 8)));
  CHECK_FALSE(survives(head + repeat(more, 9)));
  Side slow(Role::server);  // what comes byte by byte is not more than it is
  for (const char byte : opening + head + repeat(more, 8)) CHECK(slow.session.receive({&byte, 1}));

  const auto open_and_reset = [](int times) {
    std::string bytes;
    for (int i = 0; i < times; ++i) {
      const int id = 2 * i + 1;
      const std::string stream = {'\0', static_cast<char>(id >> 16), static_cast<char>(id >> 8),
                                  static_cast<char>(id)};
      bytes += std::string("\0\0\x04\x01\x05", 5) + stream + "\x82\x84\x86";  // GET / http
      bytes += '\x81';  // and an empty-valued table entry
      bytes += std::string("\0\0\x04\x03\0", 5) + stream + std::string("\0\0\0\x08", 4);
    }
    return bytes;
  };
  CHECK(survives(open_and_reset(4000)));
  CHECK_FALSE(survives(open_and_reset(12'000)));
}

}  // namespace ringside::test
