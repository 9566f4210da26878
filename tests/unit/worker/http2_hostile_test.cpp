// What an HTTP/2 client may do wrong, frame by frame (RFC 9113; the sections stand beside the rows). Nothing
// of it reaches the app, and nobody else notices.
#include <catch2/catch.hpp>

#include "tests/unit/worker/http2_end.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint8_t end_stream = 1, end_headers = 4, padded = 8;
constexpr int protocol_error = 1, flow_control_error = 3, frame_size_error = 6, compression_error = 9,
              enhance_your_calm = 11;

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields good(Fields more = {}) {
  Fields fields = {{":method", "GET"}, {":scheme", "http"}, {":path", "/v1/route/k/x"}, {":authority", "a"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
// A request whose body is still to come: its head may reach the app before the rest turns out bad.
Fields opened() {
  Fields fields = good({{"content-length", "5"}});
  fields[2].second = "/v1/route/k/opened";
  return fields;
}
std::string headers(std::uint32_t stream, const Fields& fields,
                    std::uint8_t flags = end_stream | end_headers) {
  return frame(Frame::headers, flags, stream, block(fields));
}
std::string setting(std::uint8_t id, std::uint32_t value) {
  return frame(Frame::settings, 0, 0, std::string({'\0', static_cast<char>(id)}) + number(value));
}
Fields without(const char* name) {
  Fields fields = good();
  std::erase_if(fields, [name](const auto& field) { return field.first == name; });
  return fields;
}
Fields many(int count) {
  Fields fields = good();
  for (int i = 0; i < count; ++i) fields.emplace_back("x" + std::to_string(i), std::string(100, 'v'));
  return fields;
}
std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

enum class Ends : std::uint8_t { connection, stream, nothing };
struct Row {
  const char* what;
  std::string bytes;
  Ends ends;
  int code = 0;
};

std::vector<Row> rows() {
  const auto connection = [](const char* what, std::string bytes, int code) {
    return Row{what, std::move(bytes), Ends::connection, code};
  };
  const auto stream = [](const char* what, std::string bytes, int code = protocol_error) {
    return Row{what, std::move(bytes), Ends::stream, code};
  };
  const std::string open = headers(1, opened(), end_headers);
  return {
      connection("4.2 a frame over the size allowed", frame(Frame::data, 0, 1, std::string(16385, 'x')),
                 frame_size_error),
      connection("6.5 SETTINGS of a wrong size", frame(Frame::settings, 0, 0, "12345"), frame_size_error),
      connection("6.5 SETTINGS on a stream", frame(Frame::settings, 0, 1, ""), protocol_error),
      connection("6.5 an acknowledgement with something in it", frame(Frame::settings, 1, 0, "123456"),
                 frame_size_error),
      connection("6.5.2 ENABLE_PUSH that is neither 0 nor 1", setting(2, 2), protocol_error),
      connection("6.5.2 a window over 2^31-1", setting(4, 0x80000000), flow_control_error),
      connection("6.5.2 a frame size below 16,384", setting(5, 100), protocol_error),
      connection("6.7 PING of a wrong size", frame(Frame::ping, 0, 0, "123456"), frame_size_error),
      connection("6.7 PING on a stream", frame(Frame::ping, 0, 1, "12345678"), protocol_error),
      connection("6.8 GOAWAY on a stream", frame(Frame::goaway, 0, 1, "12345678"), protocol_error),
      connection("6.9 WINDOW_UPDATE of a wrong size", frame(Frame::window_update, 0, 0, "123"),
                 frame_size_error),
      connection("6.9 a connection's window that grows by nothing",
                 frame(Frame::window_update, 0, 0, number(0)), protocol_error),
      connection("6.9.1 a connection's window over 2^31-1",
                 frame(Frame::window_update, 0, 0, number(0x7fffffff)), flow_control_error),
      connection("6.4 RST_STREAM of a stream that is idle", frame(Frame::rst_stream, 0, 1, number(8)),
                 protocol_error),
      connection("6.4 RST_STREAM on stream 0", frame(Frame::rst_stream, 0, 0, number(8)), protocol_error),
      connection("6.4 RST_STREAM of a wrong size", open + frame(Frame::rst_stream, 0, 1, "12"),
                 frame_size_error),
      connection("6.1 DATA on stream 0", frame(Frame::data, 0, 0, "x"), protocol_error),
      connection("5.1 DATA on a stream that is idle", frame(Frame::data, 0, 1, "x"), protocol_error),
      connection("6.1 more padding than frame", open + frame(Frame::data, padded, 1, "\x7fxx"),
                 protocol_error),
      connection("6.2 HEADERS on stream 0", headers(0, good()), protocol_error),
      connection("5.1.1 a stream with an even number", headers(2, good()), protocol_error),
      connection("6.6 PUSH_PROMISE from a client",
                 open + frame(Frame::push_promise, end_headers, 1, number(2) + block(good())),
                 protocol_error),
      connection("6.10 CONTINUATION out of nowhere",
                 frame(Frame::continuation, end_headers, 1, block(good())), protocol_error),
      connection("6.2 another frame inside a head",
                 headers(1, good(), end_stream) + frame(Frame::ping, 0, 0, "12345678"), protocol_error),
      connection("6.2 another stream inside a head", headers(1, good(), end_stream) + headers(3, good()),
                 protocol_error),
      connection("RFC 7541 2.3.3 an index that is in no table",
                 frame(Frame::headers, end_stream | end_headers, 1, "\xff\xff\x7f"), compression_error),
      connection("RFC 7541 5.2 a text longer than its block",
                 frame(Frame::headers, end_stream | end_headers, 1,
                       std::string("\0\x7f"
                                   "ab",
                                   4)),
                 compression_error),
      connection("a flood of CONTINUATION frames",
                 frame(Frame::headers, end_stream, 1, "") + repeat(frame(Frame::continuation, 0, 1, ""), 100),
                 enhance_your_calm),
      connection("a flood of settings in one frame",
                 frame(Frame::settings, 0, 0, repeat(std::string("\0\x03\0\0\0\x64", 6), 100)),
                 enhance_your_calm),
      connection(
          "streams cancelled as soon as they are opened (CVE-2023-44487)",
          [] {
            std::string flood;
            for (std::uint32_t id = 1; id < 2400; id += 2)
              flood += headers(id, opened(), end_headers) + frame(Frame::rst_stream, 0, id, number(8));
            return flood;
          }(),
          enhance_your_calm),
      connection("6.9 a stream's window that grows by nothing",
                 open + frame(Frame::window_update, 0, 1, number(0)), protocol_error),
      stream("8.3.1 no :method", headers(1, without(":method"))),
      stream("8.3.1 no :path", headers(1, without(":path"))),
      stream("8.3.1 no :scheme", headers(1, without(":scheme"))),
      stream("8.3.1 an empty :path", headers(1, {{":method", "GET"}, {":scheme", "http"}, {":path", ""}})),
      stream("8.3 two :path", headers(1, good({{":path", "/"}}))),
      stream("8.3 an unknown pseudo-field", headers(1, {{":method", "GET"},
                                                        {":scheme", "http"},
                                                        {":path", "/"},
                                                        {":authority", "a"},
                                                        {":mine", "x"}})),
      stream("8.3.2 a reply's pseudo-field",
             headers(1, {{":status", "200"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}})),
      stream("8.3 a pseudo-field behind the others",
             headers(1, {{":method", "GET"}, {":scheme", "http"}, {"x", "y"}, {":path", "/"}})),
      stream("8.2.1 an upper-case name", headers(1, good({{"X-Mine", "y"}}))),
      stream("8.2.1 a line break in a value", headers(1, good({{"x", "a\r\nb: c"}}))),
      stream("8.2.2 a field of one connection", headers(1, good({{"connection", "close"}}))),
      stream("8.2.2 te that is not trailers", headers(1, good({{"te", "gzip"}}))),
      stream("8.1.1 a body shorter than announced", open + frame(Frame::data, end_stream, 1, "1234")),
      stream("8.1.1 a body longer than announced", open + frame(Frame::data, end_stream, 1, "123456")),
      stream("8.3.1 Host and :authority that differ", headers(1, good({{"host", "b"}}))),
      stream("more fields than we take", headers(1, many(101)), enhance_your_calm),
      {"5.5 frames of a type unknown to us", frame(Frame::unknown, 0xff, 1, "what?"), Ends::nothing},
      // It may be the late end of a stream that is long gone, so it is only dropped.
      {"5.1.1 a stream number below one that was used",
       headers(3, opened(), end_headers) + headers(1, good()), Ends::nothing},
      {"6.5.2 settings unknown to us", setting(99, 1), Ends::nothing},
      {"6.3 PRIORITY of a stream that is idle", frame(Frame::priority, 0, 5, number(1) + "x"), Ends::nothing},
      {"6.9 WINDOW_UPDATE within bounds", frame(Frame::window_update, 0, 0, number(1000)), Ends::nothing},
  };
}

}  // namespace

TEST_CASE("what breaks HTTP/2 ends its stream or its connection, with the right code, and reaches no app") {
  std::atomic<int> served = 0;
  ScriptedApp app([&served](Peer& peer, int) {
    for (;;) {
      const std::string head = peer.read_until("\r\n\r\n");
      if (head.empty()) return;
      if (head.starts_with("GET /opened")) return (void)peer.read_all();
      ++served;
      peer.send(ok_reply("ok"));
    }
  });
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  const std::string opening = std::string(http2::client_preface) + frame(Frame::settings, 0, 0, "");
  for (const Row& row : rows()) {
    INFO(row.what);
    Peer client = Peer::connect(host.port());
    client.send(opening + row.bytes + frame(Frame::ping, 0, 0, "12345678"));
    const Answered answered = read_frames(client);
    CHECK(answered.pong == (row.ends != Ends::connection));
    CHECK(answered.goaway == (row.ends == Ends::connection ? row.code : -1));
    CHECK((answered.reset == row.code || row.ends != Ends::stream));
    CHECK_FALSE(answered.head);
  }
  CHECK(served == 0);
  CHECK(Http2Client(host.port()).get("/v1/route/k/x").body == "ok");
}

TEST_CASE("streams over the number announced are refused, unexecuted, and the others go on") {
  std::promise<void> go;
  ScriptedApp app([going = go.get_future().share()](Peer& peer, int) {
    while (!peer.read_until("\r\n\r\n").empty()) {
      going.wait();
      peer.send(ok_reply("ok"));
    }
  });
  Host host("a", app.address());
  host.config.forward.queue_per_key = 1024;
  host.open();
  host.start({host.server()});
  Http2Client client(host.port());  // does not wait for the server's SETTINGS
  std::vector<http2::StreamId> ids;
  for (std::size_t i = 0; i < limits::client_streams + 5; ++i)
    ids.push_back(client.ask(asking("/v1/route/k/x")));
  std::size_t refused = 0, served = 0;
  client.until([&] {
    refused = 0;
    for (const auto id : ids) refused += client.side.streams[id].unprocessed ? 1 : 0;
    return refused == 5;
  });
  go.set_value();
  for (const auto id : ids) served += client.answer(id).status == 200 ? 1 : 0;
  CHECK(refused == 5);
  CHECK(served == limits::client_streams);
}
