// The rules of RFC 9113 one by one: frames as a client sends them, and what our server makes of them. A row
// begins with its section. What breaks the protocol at the edge of the data plane stands in
// tests/unit/worker/http2_hostile_test.cpp; nothing is said twice.
//
// A breach of a stream may be taken for one of the connection (5.4.2 leaves it open), and in places we do.
#include <catch2/catch.hpp>

#include "frames.hpp"
#include "proto/http2/session.hpp"

namespace ringside::test {
namespace {

using http2::StreamId;

constexpr std::uint8_t end_stream = 1, ack = 1, end_headers = 4, padded = 8, prioritised = 0x20;
constexpr int protocol_error = 1, flow_control_error = 3, stream_closed = 5, frame_size_error = 6,
              refused_stream = 7, compression_error = 9, enhance_your_calm = 11;
constexpr std::uint32_t last_stream = 101;  // of the request that follows each row

// Answers what has come whole with a bare 200.
class Answering : public http2::Events {
 public:
  explicit Answering(const http2::Settings& settings) : session(http2::Role::server, settings, *this) {}
  void on_request(StreamId id, const http::RequestHead&, bool end) override {
    if (end) answer(id);
  }
  void on_response(StreamId, const http::ResponseHead&, bool) override {}
  void on_data(StreamId id, std::string_view data) override { session.consume(id, data.size()); }
  void on_end(StreamId id, const http::Trailers&) override { answer(id); }
  void on_close(StreamId, http2::Code, bool) override {}
  void on_writable(StreamId) override {}
  void on_goaway() override {}

  http2::Session session;

 private:
  void answer(StreamId id) {
    http::ResponseHead head;
    head.status = 200;
    session.submit_response(id, head, true);
  }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields request(Fields more = {}, const char* method = "GET") {
  Fields fields = {{":method", method}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
Fields with(const std::string& name, const std::string& value) {  // a pseudo-field as said
  Fields fields = request();
  for (auto& field : fields)
    if (field.first == name) field.second = value;
  return fields;
}
Fields without(const std::string& name) {
  Fields fields = request();
  std::erase_if(fields, [&name](const auto& field) { return field.first == name; });
  return fields;
}
std::string headers(std::uint32_t stream, const Fields& fields,
                    std::uint8_t flags = end_stream | end_headers) {
  return frame(Frame::headers, flags, stream, block(fields));
}
// A request whose body is still to come, and what its body may be.
std::string opened(std::uint32_t stream = 1, const Fields& more = {}) {
  return headers(stream, request(more, "POST"), end_headers);
}
std::string body(std::string_view bytes, std::uint8_t flags = end_stream, std::uint32_t stream = 1) {
  return frame(Frame::data, flags, stream, bytes);
}
std::string raw_block(std::string_view bytes) {  // HPACK as it is, behind the fields of a request
  return frame(Frame::headers, end_stream | end_headers, 1, block(request()) + std::string(bytes));
}
std::string setting(std::uint8_t id, std::uint32_t value) {
  return std::string({'\0', static_cast<char>(id)}) + number(value);
}
std::string settings(std::string_view entries) {
  return frame(Frame::settings, 0, 0, entries);
}
std::string reset(std::uint32_t stream, std::uint32_t code = 8) {
  return frame(Frame::rst_stream, 0, stream, number(code));
}
std::string window(std::uint32_t stream, std::uint32_t more) {
  return frame(Frame::window_update, 0, stream, number(more));
}
std::string trailers(const Fields& fields, std::uint8_t flags = end_stream | end_headers) {
  return headers(1, fields, flags);
}
const std::string acknowledged = frame(Frame::settings, ack, 0, "");
const std::string ping = frame(Frame::ping, 0, 0, "12345678");

enum class Ends : std::uint8_t {
  connection,  // GOAWAY with the code
  stream,      // RST_STREAM of stream 1 with the code
  nothing,     // no complaint, and no answer on stream 1
  answered,    // no complaint, and stream 1 has its answer
};
struct Row {
  const char* rule;
  std::string bytes;
  Ends ends;
  int code = 0;
  http2::Settings limits{};
};

Row connection(const char* rule, std::string bytes, int code) {
  return {rule, std::move(bytes), Ends::connection, code};
}
Row stream(const char* rule, std::string bytes, int code = protocol_error, http2::Settings limits = {}) {
  return {rule, std::move(bytes), Ends::stream, code, limits};
}
Row nothing(const char* rule, std::string bytes) {
  return {rule, std::move(bytes), Ends::nothing};
}
Row answered(const char* rule, std::string bytes) {
  return {rule, std::move(bytes), Ends::answered};
}

std::vector<Row> frame_rows() {
  return {
      answered("4.1 a reserved bit before the stream's number", headers(0x80000001, request())),
      answered("4.1 flags that HEADERS does not have",
               headers(1, request(), 0xd2 | end_stream | end_headers)),
      answered("4.1 flags that DATA does not have", opened() + body("x", 0xf6 | end_stream)),
      nothing("4.1 flags that PING does not have", frame(Frame::ping, 0xfe, 0, "abcdefgh")),
      answered("4.2 DATA of the largest size", opened() + body(std::string(16384, 'x'))),
      connection("4.2 HEADERS over the size", frame(Frame::headers, 5, 1, std::string(16385, '\x82')),
                 frame_size_error),
      connection("4.2 an unknown frame over the size", frame(Frame::unknown, 0, 1, std::string(16385, 'x')),
                 frame_size_error),
      nothing("4.2 an unknown frame of the largest size",
              frame(Frame::unknown, 0, 0, std::string(16384, 'x'))),
      connection("4.3 an index of 0", raw_block("\x80"), compression_error),
      connection("4.3 a number that does not end", raw_block("\xff\x80"), compression_error),
      connection("4.3 a number over 32 bits", raw_block("\xff\xff\xff\xff\xff\xff\x7f"), compression_error),
      connection("4.3 Huffman code that is padded with zeros", raw_block(std::string("\x00\x01x\x81\x00", 5)),
                 compression_error),
      connection("4.3 Huffman code with EOS in it",
                 raw_block(std::string("\x00\x01x\x84\xff\xff\xff\xff", 8)), compression_error),
      connection("4.3 a table larger than allowed",
                 frame(Frame::headers, 5, 1, "\x3f\xe2\x1f" + block(request())), compression_error),
      connection("4.3 a table resized behind the first field", raw_block("\x20"), compression_error),
      connection("4.3 a block that breaks off in trailers",
                 opened() + frame(Frame::headers, 5, 1, std::string("\x00\x05x", 3)), compression_error),
      answered("4.3 a table resized before the first field",
               frame(Frame::headers, 5, 1, "\x20" + block(request()))),
      stream("4.3 a request that is refused", headers(1, without(":path"))),
      answered("4.3 what a refused head has put into the table is there",
               opened(1) +
                   frame(Frame::headers, 5, 3, "\x40\x01x\x01y") +  // an entry, and nothing of a request
                   frame(Frame::headers, 5, 1, "\xbe")),            // the same by its index
  };
}

std::vector<Row> stream_rows() {
  return {
      connection("5.1 idle: WINDOW_UPDATE", window(1, 5), protocol_error),
      connection("5.1 idle: RST_STREAM of a stream of the server's", reset(2), protocol_error),
      connection("5.1 idle: WINDOW_UPDATE of a stream of the server's", window(2, 5), protocol_error),
      connection("5.1 idle: DATA on a stream of the server's", body("x", 0, 2), protocol_error),
      connection("5.1 half-closed: DATA behind the end", headers(1, request()) + body("x"), stream_closed),
      connection("5.1 half-closed: HEADERS behind the end", headers(1, request()) + headers(1, request()),
                 stream_closed),
      answered("5.1 half-closed: WINDOW_UPDATE behind the end", headers(1, request()) + window(1, 5)),
      answered("5.1 half-closed: PRIORITY behind the end",
               headers(1, request()) + frame(Frame::priority, 0, 1, number(0) + "\x0f")),
      nothing("5.1 half-closed: RST_STREAM behind the end", headers(1, request()) + reset(1)),
      nothing("5.1 closed: DATA", opened() + reset(1) + body("x")),
      nothing("5.1 closed: WINDOW_UPDATE", opened() + reset(1) + window(1, 5)),
      nothing("5.1 closed: RST_STREAM", opened() + reset(1) + reset(1)),
      nothing("5.1 closed: PRIORITY", opened() + reset(1) + frame(Frame::priority, 0, 1, number(3) + "x")),
      nothing("5.1 closed: trailers", opened() + reset(1) + trailers({{"x", "y"}})),
      answered("5.1.1 numbers may be left out", opened(1) + opened(51) + body("x")),
      answered("5.3 a request with a priority", frame(Frame::headers, end_stream | end_headers | prioritised,
                                                      1, number(0x80000000) + "\xff" + block(request()))),
      answered("5.3 a request that depends on one that is not there",
               frame(Frame::headers, end_stream | end_headers | prioritised, 1,
                     number(77) + std::string(1, '\0') + block(request()))),
      answered("5.3 priorities in a circle", opened(1) + opened(3) +
                                                 frame(Frame::priority, 0, 1, number(3) + "x") +
                                                 frame(Frame::priority, 0, 3, number(1) + "x") + body("x")),
      nothing("5.4.2 RST_STREAM is not answered by one", opened() + reset(1, 0)),
      connection("5.5 an unknown frame within a head",
                 headers(1, request(), end_stream) + frame(Frame::unknown, 0, 1, "x") +
                     frame(Frame::continuation, end_headers, 1, ""),
                 protocol_error),
  };
}

std::vector<Row> type_rows() {
  const std::string whole = block(request());
  const std::string length_byte(1, '\x03');
  return {
      answered("6.1 padding is no body",
               opened(1, {{"content-length", "2"}}) +
                   body(length_byte + "hi" + std::string(3, '\0'), end_stream | padded)),
      connection("6.1 padding with no place for its length", opened() + body("", end_stream | padded),
                 protocol_error),
      connection("6.1 as much padding as frame", opened() + body("\x03xx", end_stream | padded),
                 protocol_error),
      answered("6.1 DATA of nothing that ends the stream", opened() + body("")),
      answered("6.2 a padded head", frame(Frame::headers, end_stream | end_headers | padded, 1,
                                          length_byte + whole + std::string(3, '\0'))),
      connection("6.2 more padding than head",
                 frame(Frame::headers, end_stream | end_headers | padded, 1, "\x09x"), protocol_error),
      connection("6.2 a priority that does not fit",
                 frame(Frame::headers, end_stream | end_headers | prioritised, 1, "1234"), frame_size_error),
      answered("6.2 a head in two frames", frame(Frame::headers, end_stream, 1, whole.substr(0, 9)) +
                                               frame(Frame::continuation, end_headers, 1, whole.substr(9))),
      answered("6.2 a head that begins with nothing",
               frame(Frame::headers, end_stream, 1, "") + frame(Frame::continuation, end_headers, 1, whole)),
      connection("6.3 PRIORITY on stream 0", frame(Frame::priority, 0, 0, number(1) + "x"), protocol_error),
      connection("6.3 PRIORITY of a wrong size", opened() + frame(Frame::priority, 0, 1, "1234"),
                 frame_size_error),
      nothing("6.5 SETTINGS without any", settings("")),
      nothing("6.5.2 ENABLE_PUSH of 1", settings(setting(2, 1))),
      nothing("6.5.2 the largest window", settings(setting(4, 0x7fffffff))),
      connection("6.5.2 a frame size over 2^24-1", settings(setting(5, 0x1000000)), protocol_error),
      nothing("6.5.2 the largest frame size", settings(setting(5, 0xffffff))),
      nothing("6.5.2 a table of no size", settings(setting(1, 0))),
      nothing("6.5.2 no streams from the server", settings(setting(3, 0))),
      connection("RFC 8441 3 ENABLE_CONNECT_PROTOCOL that is neither 0 nor 1", settings(setting(8, 2)),
                 protocol_error),
      nothing("6.5.3 of a setting twice the last one counts",
              settings(setting(5, 99999) + setting(5, 16384))),
      connection("6.5.3 an acknowledgement of nothing", acknowledged + acknowledged, protocol_error),
      connection("6.6 PUSH_PROMISE on stream 0",
                 frame(Frame::push_promise, end_headers, 0, number(2) + whole), protocol_error),
      nothing("6.7 an answer to a PING that was not sent", frame(Frame::ping, ack, 0, "abcdefgh")),
      connection("6.8 GOAWAY of a wrong size", frame(Frame::goaway, 0, 0, "1234567"), frame_size_error),
      stream("6.9.1 a stream's window over 2^31-1", opened() + window(1, 0x7fffffff), flow_control_error),
      nothing("6.9 a reserved bit before the increment", window(0, 0x80000001)),
      connection("6.9 WINDOW_UPDATE of a stream, of a wrong size",
                 opened() + frame(Frame::window_update, 0, 1, "12345"), frame_size_error),
      connection("6.9.2 a setting that takes an open stream's window over 2^31-1",
                 opened() + window(1, 1000) + settings(setting(4, 0x7fffffff)), flow_control_error),
      stream("6.9.1 more DATA than the stream's window",
             acknowledged + opened() + body(std::string(21, 'x'), 0), flow_control_error,
             {.stream_window = 20}),
      connection("6.10 CONTINUATION behind the end of a head",
                 opened() + frame(Frame::continuation, end_headers, 1, ""), protocol_error),
      connection("6.10 CONTINUATION of another stream",
                 frame(Frame::headers, end_stream, 1, whole) + frame(Frame::continuation, end_headers, 3, ""),
                 protocol_error),
      connection("6.10 CONTINUATION on stream 0",
                 frame(Frame::headers, end_stream, 1, whole) + frame(Frame::continuation, end_headers, 0, ""),
                 protocol_error),
      connection("6.10 DATA inside a head", frame(Frame::headers, 0, 1, whole) + body("x"), protocol_error),
      nothing("7 an unknown code in RST_STREAM", opened() + reset(1, 0xdeadbeef)),
  };
}

std::vector<Row> message_rows() {
  const auto field = [](const std::string& name, const std::string& value) {
    return headers(1, request({{name, value}}));
  };
  const auto pseudo = [](const std::string& name, const std::string& value) {
    return headers(1, with(name, value));
  };
  return {
      answered("8.1 a request with trailers", opened() + body("x", 0) + trailers({{"x", "y"}})),
      answered("8.1 trailers and no body", opened() + trailers({{"x", "y"}})),
      stream("8.1 trailers that do not end the stream", opened() + trailers({{"x", "y"}}, end_headers)),
      stream("8.1 a pseudo-field in trailers", opened() + trailers({{":path", "/"}})),
      stream("8.1.1 an upper-case name in trailers", opened() + trailers({{"X", "y"}})),
      stream("8.1.1 a length that is no number", field("content-length", "5x")),
      stream("8.1.1 a length with a sign", field("content-length", "-1")),
      stream("8.1.1 two lengths", headers(1, request({{"content-length", "5"}, {"content-length", "5"}}))),
      stream("8.1.1 a length and no body", field("content-length", "5")),
      stream("8.1.1 a body over a length of 0", opened(1, {{"content-length", "0"}}) + body("x")),
      answered("8.1.1 a length of 0 and no body", field("content-length", "0")),
      stream("8.2.1 a name of nothing", field("", "x")),
      stream("8.2.1 a space in a name", field("a b", "x")),
      stream("8.2.1 a colon in a name", field("a:b", "x")),
      stream("8.2.1 a control byte in a name", field("a\x01", "x")),
      stream("8.2.1 a byte over 0x7f in a name", field("\xe9", "x")),
      stream("8.2.1 a NUL in a value", field("x", std::string("a\0b", 3))),
      stream("8.2.1 a carriage return in a value", field("x", "a\rb")),
      stream("8.2.1 a space before a value", field("x", " a")),
      stream("8.2.1 a tab behind a value", field("x", "a\t")),
      answered("8.2.1 a value of nothing", field("x", "")),
      answered("8.2.1 bytes over 0x7f in a value", field("x", "caf\xe9")),
      stream("8.2.2 keep-alive", field("keep-alive", "5")),
      stream("8.2.2 proxy-connection", field("proxy-connection", "x")),
      stream("8.2.2 transfer-encoding", field("transfer-encoding", "chunked")),
      stream("8.2.2 upgrade", field("upgrade", "x")),
      answered("8.2.2 te: trailers", field("te", "trailers")),
      stream("8.3 two :method", field(":method", "GET")),
      stream("8.3 two :scheme", field(":scheme", "http")),
      stream("8.3 two :authority", field(":authority", "a")),
      stream("8.3.1 a :method of nothing", pseudo(":method", "")),
      stream("8.3.1 a :method that is no token", pseudo(":method", "G T")),
      stream("8.3.1 a :scheme of nothing", pseudo(":scheme", "")),
      answered("8.3.1 a :scheme of the outside", pseudo(":scheme", "https")),
      stream("8.3.1 a :path without its slash", pseudo(":path", "x")),
      stream("8.3.1 a :path with a fragment", pseudo(":path", "/#x")),
      stream("8.3.1 a :path with a space", pseudo(":path", "/a b")),
      stream("8.3.1 the :path * of another method than OPTIONS", pseudo(":path", "*")),
      answered(
          "8.3.1 the :path * of OPTIONS",
          headers(1, {{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}})),
      stream("8.3.1 an :authority with user information", pseudo(":authority", "u@a")),
      stream("8.3.1 an :authority with a path", pseudo(":authority", "a/b")),
      answered("8.3.1 Host instead of :authority",
               [] {
                 Fields fields = without(":authority");
                 fields.emplace_back("host", "a");
                 return headers(1, fields);
               }()),
      stream("8.5 CONNECT", headers(1, {{":method", "CONNECT"}, {":authority", "a:1"}}, end_headers)),
      stream("8.5 CONNECT with a :path", headers(1, request({}, "CONNECT"), end_headers)),
      stream("RFC 8441 3 :protocol without our having offered it",
             headers(1, request({{":protocol", "websocket"}}, "CONNECT"), end_headers)),
      stream("RFC 9110 9.3.8 TRACE", headers(1, request({}, "TRACE"))),
  };
}

struct Heard {
  int goaway = -1, reset = -1;  // the codes; that of stream 1
  bool pong = false;
  std::vector<std::uint32_t> answers;  // streams
};

Heard hear(std::string_view bytes) {
  Heard heard;
  const auto number_at = [](std::string_view text, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (const char c : text.substr(at, size)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  };
  while (bytes.size() >= 9) {
    const auto size = number_at(bytes, 0, 3);
    const auto payload = bytes.substr(9, size);
    const auto id = number_at(bytes, 5, 4);
    const auto type = static_cast<Frame>(bytes[3]);
    if (type == Frame::headers) heard.answers.push_back(id);
    if (type == Frame::rst_stream && id == 1) heard.reset = static_cast<int>(number_at(payload, 0, 4));
    if (type == Frame::goaway) heard.goaway = static_cast<int>(number_at(payload, 4, 4));
    if (type == Frame::ping) heard.pong = heard.pong || payload == "12345678";
    bytes.remove_prefix(9 + size);
  }
  return heard;
}

bool has(const std::vector<std::uint32_t>& streams, std::uint32_t id) {
  return std::find(streams.begin(), streams.end(), id) != streams.end();
}

// `opening`: what comes before the row.
void check(const Row& row, const std::string& opening) {
  INFO(row.rule);
  Answering server(row.limits);
  std::string out;
  const bool alive = server.session.receive(opening + row.bytes) &&
                     server.session.receive(ping + headers(last_stream, request()));
  server.session.take_output(out, 1 << 24);
  const Heard heard = hear(out);
  const bool ends = row.ends == Ends::connection;
  CHECK(heard.goaway == (ends ? row.code : -1));
  CHECK(heard.reset == (row.ends == Ends::stream ? row.code : -1));
  CHECK(has(heard.answers, 1) == (row.ends == Ends::answered));
  CHECK(heard.pong == !ends);
  CHECK(has(heard.answers, last_stream) == !ends);
  CHECK((alive && !server.session.finished()) == !ends);
}

const std::string opening = std::string(http2::client_preface) + settings("");

}  // namespace

TEST_CASE("frames, streams and their states follow RFC 9113", "[http2]") {
  for (const auto& row : frame_rows()) check(row, opening);
  for (const auto& row : stream_rows()) check(row, opening);
  for (const auto& row : type_rows()) check(row, opening);
}

TEST_CASE("requests are well-formed by RFC 9113, or their streams end", "[http2]") {
  for (const auto& row : message_rows()) check(row, opening);
}

TEST_CASE("a connection begins as RFC 9113 says", "[http2]") {
  const std::string preface(http2::client_preface);
  check(connection("3.4 HEADERS before SETTINGS", headers(1, request()), protocol_error), preface);
  check(connection("3.4 PING before SETTINGS", ping, protocol_error), preface);
  check(connection("3.4 an unknown frame before SETTINGS", frame(Frame::unknown, 0, 0, "x"), protocol_error),
        preface);
  check(connection("3.4 an acknowledgement before SETTINGS", acknowledged, protocol_error), preface);
  check(connection("3.4 one byte of the preface is another", settings(""), protocol_error),
        preface.substr(0, 20) + "X" + preface.substr(21));
  check(answered("3.4 SETTINGS with some in them", settings(setting(3, 5)) + headers(1, request())), preface);
}

TEST_CASE("a client's GOAWAY lets what is open go on, and is the end without a complaint", "[http2]") {
  const auto farewell = [](std::uint32_t code) {
    return frame(Frame::goaway, 0, 0, number(0) + number(code) + "so long");  // 6.8: any text behind
  };
  for (const std::string& bytes : {farewell(0), farewell(0xdeadbeef),  // 7: an unknown code says nothing
                                   opened() + farewell(0) + body("x")}) {
    Answering server{{}};
    std::string out;
    CHECK(server.session.receive(opening + bytes));
    server.session.take_output(out, 1 << 24);
    const Heard heard = hear(out);
    CHECK((heard.goaway == -1 && heard.reset == -1));
    CHECK(has(heard.answers, 1) == bytes.ends_with('x'));
    CHECK(server.session.finished());
  }
}

TEST_CASE("over the number of streams that it may open a client is refused, and goes on not for ever",
          "[http2]") {
  const bool knows = GENERATE(false, true);
  http2::Settings two;
  two.streams_max = 2;
  two.resets_burst = 20;
  Answering server{two};
  std::string out;
  CHECK(server.session.receive(opening + (knows ? acknowledged : "") + opened(1) + opened(3)));
  for (std::uint32_t id = 5; id < 5 + 2 * 20; id += 2) CHECK(server.session.receive(opened(id)));
  server.session.take_output(out, 1 << 24);
  CHECK(hear(out).goaway == -1);
  CHECK(out.find(frame(Frame::rst_stream, 0, 5, number(refused_stream))) != std::string::npos);
  CHECK(server.session.receive(body("", end_stream, 3)));  // there is room again
  server.session.take_output(out, 1 << 24);
  CHECK(server.session.receive(headers(45, request())));
  server.session.take_output(out, 1 << 24);
  CHECK(server.session.receive(opened(47)));
  CHECK_FALSE(server.session.receive(opened(49)));
  server.session.take_output(out, 1 << 24);
  const Heard heard = hear(out);
  CHECK((has(heard.answers, 3) && has(heard.answers, 45)));
  CHECK(heard.goaway == enhance_your_calm);
}

TEST_CASE("a client that does not read is not answered for ever, whatever it sends", "[http2]") {
  http2::Settings patient;
  patient.resets_burst = 1 << 30;
  patient.streams_max = 1;
  Answering server{patient};
  bool good = server.session.receive(opening + opened(1));
  std::size_t sent = 0;
  for (std::uint32_t id = 3; good && sent < 100'000; id += 2, ++sent)
    good = server.session.receive(opened(id));
  CHECK_FALSE(good);
  CHECK(sent < 256 * 1024 / 13 + 10);
}

TEST_CASE("padding is given back to the stream's window without any data", "[http2]") {
  http2::Settings small;
  small.stream_window = 65'535;
  Answering server{small};
  REQUIRE(server.session.receive(opening + opened(1)));
  const std::string empty = std::string(1, static_cast<char>(255)) + std::string(255, '\0');
  for (int i = 0; i < 1000; ++i) {  // four windows
    std::string out;
    REQUIRE(server.session.receive(frame(Frame::data, padded, 1, empty)));
    server.session.take_output(out, 1 << 24);
    REQUIRE(hear(out).reset == -1);
  }
}

}  // namespace ringside::test
