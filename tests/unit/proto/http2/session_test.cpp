// The HTTP/2 session: heads and bodies both ways, windows, resets, GOAWAY.
#include "proto/http2/session.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "daemon/base/rng.hpp"
#include "wire.hpp"

namespace ringside::test {
namespace {

using http2::Code;
using http2::Role;
using Kind = http::BodyKind;

constexpr std::uint32_t stream_window = 256 * 1024;

}  // namespace

TEST_CASE("a request and its reply cross two sessions in pieces of any size", "[http2]") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{1} << 20}) {
    INFO("pieces of " << piece);
    Side client(Role::client), server(Role::server);
    auto head = post("/cart?x=1");
    head.fields = {{"Ringside-Key", "user 42"}, {"X-Y", "caf\xe9"}, {"Empty", ""}};
    head.framing = {Kind::length, 11};
    const auto id = client.session.submit_request(head, false);
    REQUIRE(id);
    client.session.send_data(*id, "hello ", false);
    settle(client, server, piece);

    const Seen& asked = server.streams[*id];
    CHECK(asked.method == "POST");
    CHECK(asked.target == "/cart?x=1");
    CHECK(asked.authority == "a");
    CHECK(asked.framing == http::Framing{Kind::length, 11});
    CHECK(asked.fields.at("ringside-key") == "user 42");
    CHECK(asked.fields.at("x-y") == "caf\xe9");
    CHECK(asked.fields.at("empty").empty());
    CHECK_FALSE(asked.ended);

    server.session.submit_continue(*id);
    settle(client, server, piece);
    CHECK(client.streams[*id].interim == std::vector<int>{100});
    client.session.send_data(*id, "world", true);
    settle(client, server, piece);
    CHECK(asked.body == "hello world");
    CHECK(asked.ended);

    auto answer = reply(200, {Kind::chunked, 0});
    answer.fields = {{"Content-Type", "text/plain"}};
    server.session.submit_response(*id, answer, false);
    server.session.send_data(*id, "ok", false);
    server.session.send_data(*id, "", true);
    settle(client, server, piece);
    const Seen& answered = client.streams[*id];
    CHECK(answered.status == 200);
    CHECK(answered.framing == http::Framing{Kind::chunked, 0});
    CHECK(answered.fields.at("content-type") == "text/plain");
    CHECK(answered.body == "ok");
    CHECK(answered.ended);
    for (Side* side : {&client, &server}) {
      CHECK(side->streams[*id].closed == 1);
      CHECK(side->streams[*id].code == Code::no_error);
      CHECK_FALSE(side->streams[*id].unprocessed);
      CHECK(side->session.open_streams() == 0);
    }
  }
}

TEST_CASE("trailers come behind the body, both ways, but for those that may not stand there", "[http2]") {
  for (const std::string_view body : {std::string_view(), std::string_view("hello")}) {
    Side client(Role::client), server(Role::server);
    auto head = post("/");
    head.takes_trailers = true;
    const auto id = client.session.submit_request(head, false);
    client.session.send_data(*id, body, false);
    settle(client, server);
    CHECK(server.streams[*id].fields.at("te") == "trailers");
    {
      const std::string value = "caf\xe9";  // gone before it is sent
      client.session.send_end(*id, {{"X-Sum", value}, {"authorization", "x"}, {"ringside-key", "k"}});
    }
    settle(client, server);
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    CHECK(server.streams[*id].ended);
    CHECK(server.streams[*id].body == body);
    CHECK(server.streams[*id].trailers == Pairs{{"x-sum", "caf\xe9"}});

    server.session.submit_response(*id, reply(200, {Kind::chunked, 0}), false);
    server.session.send_data(*id, body, false);
    server.session.send_end(*id, {{"grpc-status", "0"}});
    settle(client, server);
    CHECK(client.streams[*id].ended);
    CHECK(client.streams[*id].body == body);
    CHECK(client.streams[*id].trailers == Pairs{{"grpc-status", "0"}});
    CHECK(client.streams[*id].closed == 1);
    CHECK(client.session.open_streams() + server.session.open_streams() == 0);
  }
}

TEST_CASE("trailers over their limit reset the stream and harm no other", "[http2]") {
  for (const std::size_t over : {std::size_t{0}, std::size_t{1}}) {
    Side client(Role::client), server(Role::server);
    const auto id = client.session.submit_request(post("/"), false);
    const std::string value(http2::Settings{}.trailer_bytes_max - 32 - 1 + over, 'v');
    client.session.send_end(*id, {{"x", value}});
    const auto other = client.session.submit_request(get("/"), true);
    settle(client, server);
    CHECK(server.streams[*id].ended == (over == 0));
    CHECK(client.streams[*id].closed == static_cast<int>(over));
    CHECK(server.streams[*other].target == "/");
  }
}

TEST_CASE("framing survives the link", "[http2]") {
  struct Row {
    std::string_view method;
    http::ResponseHead sent;
    bool end;
    http::Framing wanted;
  };
  for (const Row& row :
       {Row{"GET", reply(200, {Kind::length, 0}), true, {Kind::length, 0}}, Row{"GET", reply(204), true, {}},
        Row{"GET", reply(404), true, {}}, Row{"GET", reply(200, {Kind::length, 2}), false, {Kind::length, 2}},
        Row{"GET", reply(200, {Kind::until_close, 0}), false, {Kind::chunked, 0}},
        Row{"HEAD", reply(200, {Kind::none, 10}), true, {Kind::none, 10}},
        Row{"HEAD",
            reply(200, {Kind::none, http::length_unknown}),
            true,
            {Kind::none, http::length_unknown}}}) {
    INFO(row.method << " " << row.sent.status << " " << static_cast<int>(row.sent.framing.kind));
    Side client(Role::client), server(Role::server);
    auto head = get("/");
    head.method = row.method;
    const auto id = client.session.submit_request(head, true);
    settle(client, server);
    CHECK(server.streams[*id].framing == http::Framing{});
    server.session.submit_response(*id, row.sent, row.end);
    if (!row.end) server.session.send_data(*id, "ok", true);
    settle(client, server);
    CHECK(client.streams[*id].framing == row.wanted);
    CHECK(client.streams[*id].ended);
    CHECK(client.streams[*id].closed == 1);
  }
}

TEST_CASE("fields of one connection, Host and Content-Length are not sent as fields", "[http2]") {
  Side client(Role::client), server(Role::server);
  auto head = get("/");
  head.fields = {{"Connection", "x"},
                 {"Keep-Alive", "5"},
                 {"Upgrade", "h2c"},
                 {"Transfer-Encoding", "chunked"},
                 {"TE", "gzip"},
                 {"Host", "b"},
                 {"Proxy-Connection", "x"},
                 {"HTTP2-Settings", "x"},
                 {"Content-Length", "7"},
                 {"Kept", "1"}};
  const auto id = client.session.submit_request(head, true);
  settle(client, server);
  CHECK(server.streams[*id].fields == std::map<std::string, std::string>{{"kept", "1"}});
  CHECK(server.streams[*id].authority == "a");
}

TEST_CASE("a stalled stream does not stall another, and both come whole in the end", "[http2]") {
  Side client(Role::client), server(Role::server);
  client.consume = false;
  const auto stalled = *client.session.submit_request(get("/stalled"), true);
  const auto quick = *client.session.submit_request(get("/quick"), true);
  settle(client, server);
  const std::string data(stream_window + 50'000, 's');
  for (const auto id : {stalled, quick}) {
    server.session.submit_response(id, reply(200, {Kind::chunked, 0}), false);
    server.session.send_data(id, data, true);
  }
  settle(client, server);
  CHECK(client.streams[stalled].body.size() == stream_window);
  CHECK(client.streams[quick].body.size() == stream_window);
  CHECK(server.session.queued(stalled) == 50'000);

  client.session.consume(quick, stream_window);
  settle(client, server);
  CHECK((client.streams[quick].body == data));
  CHECK(client.streams[quick].ended);
  CHECK(client.streams[stalled].body.size() == stream_window);

  // Streams by the hundred stall, more bytes than the connection's window: it was given back at receipt.
  for (int i = 0; i < 100; ++i) {
    const auto id = *client.session.submit_request(get("/more"), true);
    settle(client, server);
    server.session.submit_response(id, reply(200, {Kind::chunked, 0}), false);
    server.session.send_data(id, data, true);
    settle(client, server);
    REQUIRE(client.streams[id].body.size() == stream_window);
  }
  client.session.consume(stalled, stream_window);
  settle(client, server);
  CHECK((client.streams[stalled].body == data));
  CHECK(client.streams[stalled].closed == 1);
}

TEST_CASE("an owner that filled a queue is asked for more when it has run low", "[http2]") {
  Side client(Role::client), server(Role::server);
  const auto id = *client.session.submit_request(post("/"), false);
  settle(client, server);
  client.session.send_data(id, std::string(60'000, 'x'), false);
  settle(client, server);
  CHECK(client.writable.empty());  // it never was above the mark
  server.consume = false;
  client.session.send_data(id, std::string(stream_window, 'x'), false);
  settle(client, server);
  CHECK(client.session.queued(id) == 60'000);
  CHECK(client.writable == std::vector<http2::StreamId>{id});
  client.session.send_data(id, std::string(10'000, 'x'), false);
  CHECK(client.session.queued(id) == 70'000);
  server.session.consume(id, stream_window);
  settle(client, server);
  CHECK(client.session.queued(id) == 0);
  CHECK(client.writable.size() == 2);
}

TEST_CASE("output is handed out up to the limit and goes on where it stopped", "[http2]") {
  Side client(Role::client), server(Role::server);
  const auto id = *client.session.submit_request(post("/"), false);
  const std::string data(200'000, 'y');
  client.session.send_data(id, data, true);
  std::size_t calls = 0;
  while (client.session.wants_write()) {
    std::string bytes = "kept";
    client.session.take_output(bytes, 30'000);
    REQUIRE(bytes.starts_with("kept"));
    REQUIRE(bytes.size() < 30'000 + 20'000);
    REQUIRE(server.session.receive(std::string_view(bytes).substr(4)));
    carry(server, client);  // windows
    REQUIRE(++calls < 100);
  }
  CHECK(calls >= 5);
  CHECK((server.streams[id].body == data));
  CHECK(server.streams[id].ended);
}

TEST_CASE("a reset ends a stream on both sides, once", "[http2]") {
  Side client(Role::client), server(Role::server);
  const auto by_client = *client.session.submit_request(post("/"), false);
  const auto by_server = *client.session.submit_request(post("/"), false);
  settle(client, server);
  client.session.send_data(by_client, "on its way", false);
  client.session.reset(by_client, Code::cancel);
  client.session.send_data(by_client, "too late", true);
  server.session.submit_response(by_server, reply(200, {Kind::chunked, 0}), false);
  server.session.send_data(by_server, "on its way", false);
  server.session.reset(by_server, Code::internal_error);
  settle(client, server);
  for (Side* side : {&client, &server}) {
    CHECK(side->streams[by_client].closed == 1);
    CHECK(side->streams[by_client].code == Code::cancel);
    CHECK(side->streams[by_server].closed == 1);
    CHECK(side->streams[by_server].code == Code::internal_error);
    CHECK_FALSE(side->streams[by_server].unprocessed);
    CHECK(side->session.open_streams() == 0);
  }
  client.session.reset(by_client, Code::cancel);  // gone: nothing happens
  client.session.send_data(by_client, "x", true);
  client.session.consume(by_client, 1);
  CHECK(client.session.queued(by_client) == 0);
  CHECK_FALSE(client.session.wants_write());
}

TEST_CASE("after a reset nothing more is told of a stream but its end", "[http2]") {
  Side client(Role::client), server(Role::server);
  const auto id = *client.session.submit_request(get("/"), true);
  settle(client, server);
  server.session.submit_response(id, reply(200, {Kind::length, 4}), false);
  server.session.send_data(id, "late", true);
  client.session.reset(id, Code::cancel);
  carry(server, client);
  CHECK(client.streams[id].status == 0);
  CHECK(client.streams[id].body.empty());
  CHECK_FALSE(client.streams[id].ended);
  settle(client, server);
  CHECK(client.streams[id].closed == 1);
}

TEST_CASE("a request that is cancelled before it leaves was not processed", "[http2]") {
  Side client(Role::client), server(Role::server);
  const auto id = *client.session.submit_request(get("/"), true);
  client.session.reset(id, Code::cancel);
  settle(client, server);
  CHECK(client.streams[id].closed == 1);
  CHECK(client.streams[id].code == Code::cancel);
  CHECK(client.streams[id].unprocessed);
  CHECK(server.order.empty());
}

TEST_CASE("a GOAWAY lets old streams finish and gives newer ones back unprocessed", "[http2]") {
  Side client(Role::client), server(Role::server);
  const auto old = *client.session.submit_request(get("/old"), true);
  settle(client, server);
  server.session.goaway();
  const auto newer = *client.session.submit_request(get("/newer"), true);
  carry(client, server);  // crosses the GOAWAY on the wire
  const auto unsent = *client.session.submit_request(get("/unsent"), true);
  carry(server, client);
  CHECK(client.goaway);
  CHECK_FALSE(client.session.submit_request(get("/refused"), true));
  settle(client, server);
  for (const auto id : {newer, unsent}) {
    CHECK(client.streams[id].closed == 1);
    CHECK(client.streams[id].unprocessed);
  }
  CHECK(server.order == std::vector<http2::StreamId>{old});
  CHECK_FALSE(client.session.finished());

  server.session.submit_response(old, reply(200), true);
  settle(client, server);
  CHECK(client.streams[old].status == 200);
  CHECK_FALSE(client.streams[old].unprocessed);
  CHECK(client.session.finished());
  CHECK(server.session.finished());
}

TEST_CASE("a reply that ends before its request resets the stream, without error and behind the reply",
          "[http2]") {
  Side client(Role::client), server(Role::server);
  const auto id = *client.session.submit_request(post("/"), false);
  settle(client, server);
  const std::string body(100'000, 'x');
  server.session.submit_response(id, reply(200, {http::BodyKind::chunked, 0}), false);
  server.session.send_data(id, body, true);
  settle(client, server);
  CHECK(client.streams[id].body == body);
  CHECK(client.streams[id].ended);
  CHECK(client.streams[id].closed == 1);
  CHECK(client.streams[id].code == http2::Code::no_error);
  CHECK(server.session.open_streams() == 0);
}

TEST_CASE("a server at its stream limit refuses, and the request counts as unprocessed", "[http2]") {
  http2::Settings few;
  few.streams_max = 2;
  Side client(Role::client), server(Role::server, few);
  std::vector<http2::StreamId> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(*client.session.submit_request(get("/"), true));  // before its SETTINGS came
  carry(client, server);
  settle(client, server);
  CHECK(server.order.size() == 2);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CHECK(client.streams[ids[i]].closed == (i < 2 ? 0 : 1));
    CHECK(client.streams[ids[i]].unprocessed == (i >= 2));
  }
  CHECK_FALSE(client.session.submit_request(get("/"), true));  // now it knows the limit
  server.session.submit_response(ids[0], reply(200), true);
  settle(client, server);
  CHECK(client.session.submit_request(get("/"), true));
}

TEST_CASE("the owner refuses a stream and the other side knows that no app saw it", "[http2]") {
  Side client(Role::client), server(Role::server);
  server.when_request = [&](http2::StreamId id) { server.session.reset(id, Code::refused_stream); };
  const auto fresh = *client.session.submit_request(get("/"), true);
  settle(client, server);
  CHECK(client.streams[fresh].unprocessed);

  server.when_request = nullptr;
  const auto accepted = *client.session.submit_request(get("/"), true);
  settle(client, server);
  server.session.submit_continue(accepted);
  settle(client, server);
  server.session.reset(accepted, Code::refused_stream);
  settle(client, server);
  CHECK_FALSE(client.streams[accepted].unprocessed);  // it had said that it took it
}

TEST_CASE("heads over the limits cost their stream, not the connection", "[http2]") {
  Side client(Role::client), server(Role::server);
  const http2::Settings settings;
  auto many = get("/");
  for (std::size_t i = 0; i < settings.fields_max + 1; ++i) many.fields.push_back({"x", "1"});
  auto large = get("/");
  const std::string value(settings.head_bytes_max / 2, 'v');
  large.fields = {{"x", value}, {"y", value}};
  for (const auto& head : {many, large}) {
    const auto id = *client.session.submit_request(head, true);
    settle(client, server);
    CHECK(client.streams[id].closed == 1);
    CHECK(client.streams[id].code == Code::enhance_your_calm);
  }
  CHECK(server.order.empty());
  const auto id = *client.session.submit_request(get("/"), true);
  settle(client, server);
  CHECK(server.order == std::vector<http2::StreamId>{id});
}

TEST_CASE("heads that our HTTP/1 gate would refuse are refused in HTTP/2 as well", "[http2]") {
  std::vector<http::RequestHead> heads;
  for (const std::string_view method : {"TRACE", "GE T", ""}) {
    heads.push_back(get("/"));
    heads.back().method = method;
  }
  for (const std::string_view target : {"*", "/a b", "/a#b", "/\xff", "", "a"}) heads.push_back(get(target));
  for (const std::string_view authority : {"a b", "u@a", "a,b", "a/b"}) {
    heads.push_back(get("/"));
    heads.back().authority = authority;
  }
  constexpr std::string_view nul("a\0b", 3);
  for (const std::string_view value :
       {std::string_view("a\rb"), std::string_view("a\nb"), nul, std::string_view(" a")}) {
    heads.push_back(get("/"));
    heads.back().fields = {{"x", value}};
  }
  heads.push_back(get("/"));
  heads.back().fields = {{"x y", "1"}};
  Side client(Role::client), server(Role::server);
  for (const auto& head : heads) {
    INFO(head.method << " " << head.target << " " << head.authority);
    const auto id = *client.session.submit_request(head, true);
    settle(client, server);
    CHECK(client.streams[id].closed == 1);
    CHECK(client.streams[id].code == Code::protocol_error);
  }
  CHECK(server.order.empty());
  CHECK(server.streams.empty());  // it was told nothing of them
}

TEST_CASE("what an app could take for a reserved field does not come through", "[http2]") {
  Side client(Role::client), server(Role::server);
  auto head = get("/");
  head.fields = {
      {"ringside_key", "k"}, {"X_Forwarded_For", "1.2.3.4"}, {"content_length", "9"}, {"x_mine", "1"}};
  const auto id = client.session.submit_request(head, true);
  settle(client, server);
  CHECK(server.streams[*id].fields == std::map<std::string, std::string>{{"x_mine", "1"}});
}

TEST_CASE("frames are as large as both sides take them, and 16 KiB before they know", "[http2]") {
  http2::Settings large;
  large.frame_bytes = 64 * 1024;
  for (const bool both : {true, false}) {
    Side client(Role::client, both ? large : http2::Settings{}), server(Role::server, large);
    const auto longest = [&](std::string_view path) {
      const auto id = *client.session.submit_request(get(path), true);
      settle(client, server);
      server.session.submit_response(id, reply(200, {Kind::chunked, 0}), false);
      std::string out;
      server.session.take_output(out);
      server.session.send_data(id, std::string(100'000, 'x'), true);
      server.session.take_output(out);
      CHECK(client.session.receive(out));
      CHECK(client.streams[id].body.size() == 100'000);
      std::size_t most = 0;
      for (std::string_view left = out; left.size() >= 9;) {
        const auto header = http2::read_frame_header(left.data());
        if (header.type == http2::FrameType::data) most = std::max(most, header.length);
        left.remove_prefix(9 + header.length);
      }
      return most;
    };
    CHECK(longest("/") == (both ? 64U * 1024 : 16U * 1024));
  }
}

TEST_CASE("pieces given before, between and behind the writing come in their order", "[http2]") {
  Side client(Role::client), server(Role::server);
  const auto id = *client.session.submit_request(post("/"), false);
  std::string sent;
  Rng rng(5);
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(rng.below(3000), static_cast<char>('a' + i % 26));
    client.session.send_data(id, piece, false);
    sent += piece;
    if (rng.chance(1, 3)) settle(client, server);
  }
  client.session.send_end(id, {});
  settle(client, server);
  CHECK((server.streams[id].body == sent));
  CHECK(server.streams[id].ended);
}

TEST_CASE("cookie crumbs become one field", "[http2]") {
  Side client(Role::client), server(Role::server);
  auto head = get("/");
  head.fields = {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"cookie", "c=3"}};
  const auto id = *client.session.submit_request(head, true);
  settle(client, server);
  CHECK(server.streams[id].fields ==
        std::map<std::string, std::string>{{"cookie", "a=1; b=2; c=3"}, {"x", "y"}});
}

TEST_CASE("ten thousand requests on one session leave nothing behind", "[http2]") {
  Side client(Role::client), server(Role::server);
  server.when_request = [&](http2::StreamId id) {
    server.session.submit_response(id, reply(200, {Kind::length, 2}), false);
    server.session.send_data(id, "ok", true);
  };
  std::size_t good = 0;
  for (int batch = 0; batch < 100; ++batch) {
    std::vector<http2::StreamId> ids;
    for (int i = 0; i < 100; ++i) {
      const auto id = *client.session.submit_request(post("/"), false);
      client.session.send_data(id, std::to_string(id), true);
      ids.push_back(id);
    }
    settle(client, server, 4096);
    for (const auto id : ids) {
      const Seen& seen = client.streams[id];
      good += seen.body == "ok" && seen.ended && seen.closed == 1 &&
              server.streams[id].body == std::to_string(id);
    }
  }
  CHECK(good == 10'000);
  CHECK(client.session.open_streams() == 0);
  CHECK(server.session.open_streams() == 0);
  CHECK_FALSE(client.session.finished());
}

TEST_CASE("a session that speaks something else is ended with a GOAWAY", "[http2]") {
  Side server(Role::server);
  CHECK_FALSE(server.session.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK_FALSE(server.session.receive("more"));
  std::string bytes;
  server.session.take_output(bytes);
  CHECK(bytes.find(std::string("\x07\0\0\0\0\0", 6)) !=
        std::string::npos);  // a GOAWAY frame's type, flags and stream
  CHECK(server.session.finished());
}

TEST_CASE("a breach inside a frame ends the connection once the GOAWAY is out", "[http2]") {
  Side server(Role::server);
  std::string bytes(http2::client_preface);
  bytes += std::string("\0\0\0\x04\0\0\0\0\0", 9);    // SETTINGS
  bytes += std::string("\0\0\x01\0\0\0\0\0\0x", 10);  // DATA on stream 0
  (void)server.session.receive(bytes);
  std::string out;
  server.session.take_output(out);
  CHECK(server.session.finished());
  CHECK_FALSE(server.session.receive("x"));
}

}  // namespace ringside::test
