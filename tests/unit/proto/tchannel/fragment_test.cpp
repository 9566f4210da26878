// Calls over several frames: what write() cuts, the Assembler must put together again.
#include "tests/unit/proto/tchannel/frames.hpp"

using namespace ringside;
using namespace ringside::tchannel;

namespace {

constexpr std::size_t payload_bytes_max = frame_bytes_max - header_bytes;
// flags, checksum type, checksum, length of the first chunk
constexpr std::size_t continuation_room = payload_bytes_max - 1 - 1 - 4 - 2;

std::string text_of(std::size_t size, char first) {
  std::string s(size, ' ');
  for (std::size_t i = 0; i < size; ++i) s[i] = static_cast<char>(first + static_cast<char>(i % 23));
  return s;
}

CallRequest request(std::size_t arg1, std::size_t arg2, std::size_t arg3) {
  CallRequest call;
  call.ttl_ms = 1500;
  call.service = "ringpop";
  call.headers = {{"as", "json"}, {"cn", "ringpop"}};
  call.arg1 = text_of(arg1, 'a');
  call.arg2 = text_of(arg2, 'A');
  call.arg3 = text_of(arg3, '0');
  return call;
}

// Room for the arguments' bytes in the first frame of such a request, when it holds `chunks` of them.
std::size_t first_room(std::size_t chunks) {
  std::string out;
  write(out, 1, request(0, 0, 0));
  return frame_bytes_max - (out.size() - 3 * 2) - chunks * 2;
}

template <class Call>
std::vector<std::string> frames_of(const Call& call) {
  std::string out;
  write(out, 9, call);
  return split_frames(out);
}

bool says_more(const std::string& frame) {
  return frame[header_bytes] & 1;
}
std::size_t first_chunk_of_continuation(const std::string& frame) {
  return static_cast<std::size_t>(static_cast<unsigned char>(frame[header_bytes + 6]) << 8 |
                                  static_cast<unsigned char>(frame[header_bytes + 7]));
}

template <class Call>
Call assemble(const std::vector<std::string>& frames) {
  Assembler assembler;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool is_last = i + 1 == frames.size();
    REQUIRE(says_more(frames[i]) == !is_last);
    if (!is_last) REQUIRE(frames[i].size() >= frame_bytes_max - 2);  // frames are filled
    auto result = assembler.take(view_of(frames[i]));
    if (is_last) {
      REQUIRE(std::holds_alternative<std::pair<std::uint32_t, Call>>(result));
      REQUIRE(assembler.half_built() == 0);
      return std::get<std::pair<std::uint32_t, Call>>(std::move(result)).second;
    }
    REQUIRE(std::holds_alternative<Assembler::Pending>(result));
    REQUIRE(assembler.half_built() == 1);
  }
  FAIL("no frames");
  return {};
}

}  // namespace

TEST_CASE("arguments of every size around a frame's end come back as they were") {
  std::vector<std::size_t> arg2_sizes{0, 1};
  for (std::size_t i = 0; i < 12; ++i) {
    arg2_sizes.push_back(first_room(2) - 10 - 6 + i);
    arg2_sizes.push_back(first_room(2) - 10 + continuation_room - 6 + i);
  }
  std::vector<std::size_t> arg3_sizes{0, 1, 2, 3};
  for (std::size_t i = 0; i < 8; ++i) arg3_sizes.push_back(continuation_room - 4 + i);
  for (const std::size_t arg2 : arg2_sizes) {
    for (const std::size_t arg3 : arg3_sizes) {
      INFO(arg2 << " and " << arg3);
      const CallRequest call = request(10, arg2, arg3);
      REQUIRE(assemble<CallRequest>(frames_of(call)) == call);
    }
  }
}

TEST_CASE("a last argument of every size around one and two frames comes back as it was") {
  for (const ChecksumType type : {ChecksumType::none, ChecksumType::crc32, ChecksumType::crc32c}) {
    for (const std::size_t about : {std::size_t{65'519}, first_room(3), first_room(3) + continuation_room}) {
      for (std::size_t size = about - 12; size <= about + 12; ++size) {
        CallResponse call;
        call.checksum = type;
        call.headers = {{"as", "raw"}};
        call.arg3 = text_of(size, 'r');
        REQUIRE(assemble<CallResponse>(frames_of(call)) == call);
      }
    }
  }
}

TEST_CASE("the largest call that fits one frame is one frame") {
  CHECK(frames_of(request(0, 0, first_room(3))).size() == 1);
  CHECK(frames_of(request(0, 0, first_room(3) + 1)).size() == 2);
}

TEST_CASE("an argument that leaves no room for the next is closed by an empty chunk in the next frame") {
  for (std::size_t left = 0; left <= 4; ++left) {
    INFO(left << " bytes left");
    const auto frames = frames_of(request(0, first_room(2) - left, 5));
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].size() == (left <= 2 ? frame_bytes_max - left : frame_bytes_max));
    // With three bytes or more the third argument begins in the first frame, and the second frame goes on
    // with it.
    CHECK(first_chunk_of_continuation(frames[1]) == (left <= 2 ? 0 : 5 - (left - 2)));
  }
}

TEST_CASE("every frame of a call carries the checksum up to its own end") {
  const auto frames = frames_of(request(3, 0, 200'000));
  REQUIRE(frames.size() == 4);
  for (std::size_t bad = 0; bad < frames.size(); ++bad) {
    auto changed = frames;
    changed[bad].back() = static_cast<char>(changed[bad].back() ^ 1);
    Assembler assembler;
    for (std::size_t i = 0; i < bad; ++i) REQUIRE(assembler.take(view_of(changed[i])).index() == 0);
    const auto result = assembler.take(view_of(changed[bad]));
    REQUIRE(std::holds_alternative<Assembler::Broken>(result));
    CHECK(std::get<Assembler::Broken>(result).error.code == wire::WireErrc::bad_checksum);
  }
}

TEST_CASE("two calls whose frames come in turns are kept apart, as are requests and answers of one id") {
  const CallRequest first = request(4, 70'000, 70'000);
  const CallRequest second = request(5, 0, 150'000);
  CallResponse answer;
  answer.arg3 = text_of(140'000, 'z');
  std::string bytes;
  write(bytes, 1, first);
  const auto a = split_frames(bytes);
  bytes.clear();
  write(bytes, 2, second);
  const auto b = split_frames(bytes);
  bytes.clear();
  write(bytes, 1, answer);
  const auto c = split_frames(bytes);
  REQUIRE(a.size() == 3);
  REQUIRE(b.size() == 3);
  REQUIRE(c.size() == 3);

  Assembler assembler;
  for (std::size_t i = 0; i < 2; ++i) {
    for (const auto* frames : {&a, &b, &c}) REQUIRE(assembler.take(view_of((*frames)[i])).index() == 0);
  }
  CHECK(assembler.half_built() == 3);
  CHECK(std::get<1>(assembler.take(view_of(b[2]))) == std::pair(std::uint32_t{2}, second));
  CHECK(std::get<2>(assembler.take(view_of(c[2]))) == std::pair(std::uint32_t{1}, answer));
  CHECK(std::get<1>(assembler.take(view_of(a[2]))) == std::pair(std::uint32_t{1}, first));
}

TEST_CASE("the writer keeps the limits of the protocol, whatever it is given") {
  CallRequest call = request(1, 1, 1);
  call.service = std::string(300, 's');
  call.headers.clear();
  for (int i = 0; i < 200; ++i)
    call.headers.emplace_back(std::to_string(1000 + i) + std::string(30, 'k'), std::string(300, 'v'));
  const CallRequest back = assemble<CallRequest>(frames_of(call));
  CHECK(back.service.size() == 255);
  CHECK(back.headers.size() == headers_max);
  CHECK(back.headers[0].first.size() == header_key_bytes_max);
  CHECK(back.headers[0].second.size() == 255);
}
