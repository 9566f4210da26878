// The rules of call frames: what breaks one call, what breaks the connection, and the limits.
#include "tests/unit/proto/tchannel/frames.hpp"

using namespace ringside;
using namespace ringside::tchannel;
using wire::WireErrc;

namespace {

// A request with no service and no headers: flags at 16, nh at 47, checksum type at 48.
constexpr std::size_t flags_at = 16;
constexpr std::size_t header_count_at = 47;
constexpr std::size_t checksum_type_at = 48;

std::string chunk(std::string_view bytes) {
  std::string out;
  out.push_back(static_cast<char>(bytes.size() >> 8));
  out.push_back(static_cast<char>(bytes.size() & 0xff));
  return out.append(bytes);
}

// Without a checksum, so that the rules can be broken one at a time.
std::string request_frame(std::uint32_t id, bool more, std::string_view chunks,
                          std::string_view headers = {"\0", 1}) {
  std::string out;
  write_ping(out, FrameType::call_req, id);
  out.push_back(more ? 1 : 0);
  out.append(29, '\0');  // ttl and tracing
  out.push_back('\0');   // service
  out.append(headers);
  out.push_back('\0');  // checksum type
  return with_size(out.append(chunks));
}

std::string continuation(std::uint32_t id, bool more, std::string_view chunks, char checksum_type = 0,
                         FrameType type = FrameType::call_req_continue) {
  std::string out;
  write_ping(out, type, id);
  out.push_back(more ? 1 : 0);
  out.push_back(checksum_type);
  return with_size(out.append(chunks));
}

std::string header(std::string_view key, std::string_view value) {
  std::string out(1, static_cast<char>(key.size()));
  out.append(key);
  out.push_back(static_cast<char>(value.size()));
  return out.append(value);
}

Assembler::Broken broken(const Assembler::Result& result) {
  REQUIRE(std::holds_alternative<Assembler::Broken>(result));
  return std::get<Assembler::Broken>(result);
}

bool is_pending(const Assembler::Result& result) {
  return std::holds_alternative<Assembler::Pending>(result);
}
bool is_request(const Assembler::Result& result) {
  return result.index() == 1;
}

const std::string three = chunk("a") + chunk("b") + chunk("c");

}  // namespace

TEST_CASE("a request made by hand is read as it was meant") {
  Assembler assembler;
  const auto result =
      assembler.take(view_of(request_frame(5, false, chunk("/x") + chunk("") + chunk("body"))));
  REQUIRE(is_request(result));
  CHECK(std::get<1>(result).first == 5);
  CHECK(std::get<1>(result).second.arg1 == "/x");
  CHECK(std::get<1>(result).second.arg2 == "");
  CHECK(std::get<1>(result).second.arg3 == "body");
}

TEST_CASE("a frame that breaks the rules is refused, and it is known whether the connection can go on") {
  struct Case {
    const char* what;
    std::string frame;
    WireErrc code;
    bool fatal;
  };
  const std::string same_twice = "\x02" + header("as", "raw") + header("as", "json");
  std::string many(1, static_cast<char>(headers_max + 1));
  for (std::size_t i = 0; i <= headers_max; ++i) many += header(std::to_string(i), "");
  std::string bad_type = request_frame(1, false, three);
  bad_type[checksum_type_at] = 4;
  const Case cases[] = {
      {"no payload", with_size(request_frame(1, false, three).substr(0, flags_at)), WireErrc::truncated,
       true},
      {"two arguments", request_frame(1, false, chunk("a") + chunk("b")), WireErrc::truncated, true},
      {"no arguments", request_frame(1, false, ""), WireErrc::truncated, true},
      {"four arguments", request_frame(1, false, three + chunk("")), WireErrc::unexpected, true},
      {"four arguments, more to come", request_frame(1, true, three + chunk("")), WireErrc::unexpected, true},
      {"a chunk over the frame's end", request_frame(1, false, chunk("a") + chunk("b") + "\x7f"),
       WireErrc::truncated, true},
      {"an empty header key", request_frame(1, false, three, "\x01" + header("", "x")), WireErrc::bad_value,
       true},
      {"a header twice", request_frame(1, false, three, same_twice), WireErrc::duplicate, true},
      {"a header key too long", request_frame(1, false, three, "\x01" + header("seventeen-letters", "")),
       WireErrc::too_large, false},
      {"too many headers", request_frame(1, false, three, many), WireErrc::too_many, false},
      {"an unknown checksum type", bad_type, WireErrc::bad_value, true},
      {"a first argument too long", request_frame(1, false, chunk(std::string(arg1_bytes_max + 1, 'x'))),
       WireErrc::too_large, false},
      {"a continuation of nothing", continuation(1, false, chunk("a")), WireErrc::unexpected, true},
      {"an answer's continuation of nothing", continuation(1, true, "", 0, FrameType::call_res_continue),
       WireErrc::unexpected, true},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Assembler assembler;
    const auto b = broken(assembler.take(view_of(c.frame)));
    CHECK(b.id == 1);
    CHECK(b.error.code == c.code);
    CHECK(b.fatal == c.fatal);
    CHECK(b.is_request == (view_of(c.frame).type != FrameType::call_res_continue));
    CHECK(assembler.half_built() == 0);
  }
}

TEST_CASE("the offset of an error counts from the start of the payload") {
  Assembler assembler;
  const auto b = broken(assembler.take(view_of(request_frame(1, false, three, "\x01" + header("", "x")))));
  CHECK(b.error.offset == header_count_at + 1 - header_bytes);
}

TEST_CASE("frames that are no calls are refused") {
  std::string ping;
  write_ping(ping, FrameType::ping_req, 1);
  Assembler assembler;
  CHECK(broken(assembler.take(view_of(ping))).error.code == WireErrc::unexpected);
  ping[2] = 0x55;
  CHECK(broken(assembler.take(view_of(ping))).error.code == WireErrc::unexpected);
}

TEST_CASE("the checksum type may not change within a call") {
  Assembler assembler;
  REQUIRE(is_pending(assembler.take(view_of(request_frame(1, true, chunk("a"))))));
  const auto b = broken(assembler.take(view_of(continuation(1, false, std::string(4, '\0') + chunk(""), 1))));
  CHECK(b.error.code == WireErrc::unexpected);
  CHECK(b.fatal);
  CHECK(assembler.half_built() == 0);
}

TEST_CASE("an id may not be used again before its call is complete") {
  Assembler assembler;
  REQUIRE(is_pending(assembler.take(view_of(request_frame(1, true, chunk("a"))))));
  const auto b = broken(assembler.take(view_of(request_frame(1, false, three))));
  CHECK(b.error.code == WireErrc::duplicate);
  CHECK(b.fatal);
}

TEST_CASE("a first frame may stop anywhere, even before the first chunk") {
  for (const auto& [first, second] : {
           std::pair{std::string(), three},
           {chunk("a"), chunk("") + chunk("b") + chunk("c")},
           {chunk("a") + chunk(""), chunk("b") + chunk("c")},
           {chunk("a") + chunk("b") + chunk(""), chunk("c")},
           {three, std::string()},
       }) {
    Assembler assembler;
    REQUIRE(is_pending(assembler.take(view_of(request_frame(1, true, first)))));
    const auto result = assembler.take(view_of(continuation(1, false, second)));
    REQUIRE(is_request(result));
    const CallRequest& call = std::get<1>(result).second;
    CHECK(call.arg1 + "," + call.arg2 + "," + call.arg3 == "a,b,c");
  }
}

TEST_CASE("farmhash checksums are taken unverified and answered with none") {
  std::string frame;
  CallRequest call;
  call.arg1 = "/protocol/ping";
  write(frame, 1, call);
  frame[checksum_type_at] = 2;  // the four bytes now hold what is surely no farmhash
  const Decoded decoded = decode_one(frame);
  REQUIRE(std::holds_alternative<Message>(decoded));
  const auto& request = std::get<CallRequest>(std::get<Message>(decoded));
  CHECK(request.checksum == ChecksumType::farmhash);
  CHECK(request.arg1 == "/protocol/ping");

  CallResponse answer;
  answer.checksum = request.checksum;
  std::string bytes;
  write(bytes, 1, answer);
  const Decoded back = decode_one(bytes);
  CHECK(std::get<CallResponse>(std::get<Message>(back)).checksum == ChecksumType::none);
}

TEST_CASE("a call over the size limit is refused, its later frames swallowed, other calls go on") {
  Assembler assembler({.message_bytes = 100, .half_built = 8, .held_bytes = 1000});
  REQUIRE(is_pending(assembler.take(view_of(request_frame(1, true, chunk(std::string(60, 'x')))))));
  const auto b = broken(assembler.take(view_of(continuation(1, true, chunk(std::string(41, 'x'))))));
  CHECK(b.error.code == WireErrc::too_large);
  CHECK_FALSE(b.fatal);
  CHECK(assembler.half_built() == 0);
  CHECK(is_pending(assembler.take(view_of(continuation(1, true, chunk("x"))))));
  CHECK(is_request(assembler.take(view_of(request_frame(2, false, three)))));
  CHECK(is_pending(assembler.take(view_of(continuation(1, false, chunk("x"))))));  // the last of it
  CHECK(broken(assembler.take(view_of(continuation(1, false, chunk("x"))))).fatal);
}

TEST_CASE("exactly the size limit is still taken") {
  Assembler assembler({.message_bytes = 100, .half_built = 8, .held_bytes = 100});
  REQUIRE(
      is_pending(assembler.take(view_of(request_frame(1, true, chunk("") + chunk(std::string(60, 'x')))))));
  CHECK(is_request(assembler.take(view_of(continuation(1, false, chunk(std::string(40, 'x')) + chunk(""))))));
  CHECK(is_request(assembler.take(
      view_of(request_frame(2, false, chunk("") + chunk("") + chunk(std::string(100, 'x')))))));
}

TEST_CASE("all half-built calls together stay below their limit") {
  Assembler assembler({.message_bytes = 100, .half_built = 8, .held_bytes = 150});
  REQUIRE(is_pending(assembler.take(view_of(request_frame(1, true, chunk(std::string(90, 'x')))))));
  REQUIRE(is_pending(assembler.take(view_of(request_frame(2, true, chunk(std::string(60, 'x')))))));
  CHECK(broken(assembler.take(view_of(request_frame(3, true, chunk("x"))))).error.code ==
        WireErrc::too_large);
  CHECK(broken(assembler.take(view_of(continuation(2, true, chunk("x"))))).error.code == WireErrc::too_large);
  // With the second call gone there is room again.
  CHECK(is_pending(assembler.take(view_of(request_frame(4, true, chunk(std::string(60, 'x')))))));
  assembler.forget(1, true);
  CHECK(is_pending(assembler.take(view_of(request_frame(5, true, chunk(std::string(90, 'x')))))));
}

TEST_CASE("the number of half-built calls is limited, requests and answers together") {
  Assembler assembler({.message_bytes = 100, .half_built = 2, .held_bytes = 1000});
  REQUIRE(is_pending(assembler.take(view_of(request_frame(1, true, chunk("a"))))));
  REQUIRE(is_pending(assembler.take(view_of(request_frame(2, true, chunk("a"))))));
  const auto b = broken(assembler.take(view_of(request_frame(3, true, chunk("a")))));
  CHECK(b.error.code == WireErrc::too_many);
  CHECK_FALSE(b.fatal);
  CHECK(is_request(assembler.take(view_of(request_frame(4, false, three)))));  // whole calls need no room
  CHECK(is_request(assembler.take(view_of(continuation(1, false, chunk("") + chunk("") + chunk(""))))));
  CHECK(is_pending(assembler.take(view_of(continuation(3, false, chunk(""))))));  // swallowed
  CHECK(is_pending(assembler.take(view_of(request_frame(3, true, chunk("a"))))));
}

TEST_CASE("what still comes of a forgotten call is swallowed until its id begins anew") {
  Assembler assembler;
  REQUIRE(is_pending(assembler.take(view_of(request_frame(1, true, chunk("old"))))));
  assembler.forget(1, false);  // the other id space: nothing to forget
  CHECK(assembler.half_built() == 1);
  assembler.forget(1, true);
  CHECK(assembler.half_built() == 0);
  CHECK(is_pending(assembler.take(view_of(continuation(1, true, chunk("old"))))));
  CHECK(is_pending(assembler.take(view_of(request_frame(1, true, chunk("new"))))));
  const auto result = assembler.take(view_of(continuation(1, false, chunk("") + chunk("") + chunk(""))));
  REQUIRE(is_request(result));
  CHECK(std::get<1>(result).second.arg1 == "new");
}

TEST_CASE("ids of calls that were given up do not pile up") {
  Assembler assembler({.message_bytes = 100, .half_built = 2, .held_bytes = 1000});
  for (std::uint32_t id = 1; id <= 100; ++id) {
    REQUIRE(is_pending(assembler.take(view_of(request_frame(id, true, chunk("a"))))));
    assembler.forget(id, true);
  }
  CHECK(is_pending(assembler.take(view_of(continuation(100, false, "")))));
  CHECK(broken(assembler.take(view_of(continuation(1, false, "")))).fatal);
}
