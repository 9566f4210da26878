// The frame header and the messages that fit one frame.
#include "tests/unit/proto/tchannel/frames.hpp"

using namespace ringside;
using namespace ringside::tchannel;
using wire::WireErrc;

namespace {

const Init init{2, {{"host_port", "127.0.0.1:3000"}, {"process_name", "ringside[1]"}}};

std::string init_frame(const Init& i) {
  std::string out;
  write_init(out, FrameType::init_req, 1, i);
  return out;
}

WireError error_of(const Decoded& d) {
  return std::get<WireError>(d);
}

}  // namespace

TEST_CASE("a frame is known once all of it is there") {
  const std::string frame = init_frame(init) + "next";
  const std::size_t size = frame.size() - 4;
  for (std::size_t have = 0; have < size; ++have) {
    const Step step = next_frame(bytes_of(frame.substr(0, have)));
    REQUIRE(std::holds_alternative<NeedMore>(step));
    const std::size_t asked = std::get<NeedMore>(step).bytes;
    CHECK(asked > 0);
    CHECK(have + asked <= size);  // never waits for bytes that may not come
    if (have >= 2) CHECK(have + asked == size);
  }
  const FrameView view = view_of(frame);
  CHECK(view.size == size);
  CHECK(view.type == FrameType::init_req);
  CHECK(view.id == 1);
  CHECK(view.payload.size() == size - header_bytes);
}

TEST_CASE("a size below the header's is an error as soon as it is read") {
  for (char size = 0; size < 16; ++size) {
    const Step step = next_frame(bytes_of(std::string{'\0', size}));
    REQUIRE(std::holds_alternative<WireError>(step));
    CHECK(std::get<WireError>(step) == WireError{WireErrc::bad_length, 0});
  }
}

TEST_CASE("a frame of unknown type is handed on as it is") {
  const std::string frame("\x00\x11\x55\x00\x00\x00\x00\x07\0\0\0\0\0\0\0\0?", 17);
  const FrameView view = view_of(frame);
  CHECK(static_cast<int>(view.type) == 0x55);
  CHECK(view.id == 7);
  CHECK(view.payload.size() == 1);
}

TEST_CASE("init, error, cancel and ping survive the way there and back") {
  const Tracing tracing{0x0102030405060708, 2, 3, 1};
  const Message messages[] = {
      init,
      Init{3, {}},
      Error{ErrorCode::declined, tracing, "draining: restart"},
      Error{static_cast<ErrorCode>(0x77), {}, ""},
      Cancel{1500, tracing, "the caller went away"},
      PingFrame{},
  };
  const FrameType types[] = {FrameType::init_req, FrameType::init_res, FrameType::error,
                             FrameType::error,    FrameType::cancel,   FrameType::ping_res};
  for (std::size_t i = 0; i < std::size(messages); ++i) {
    const std::string frame = encode(types[i], 0xfffffffe, messages[i]);
    CHECK(view_of(frame).type == types[i]);
    CHECK(view_of(frame).id == 0xfffffffe);
    const Decoded back = decode_one(frame);
    REQUIRE(std::holds_alternative<Message>(back));
    CHECK(std::get<Message>(back) == messages[i]);
  }
}

TEST_CASE("an init over its limits or with a key twice is refused") {
  CHECK(error_of(decode_one(init_frame({2, {{"a", "1"}, {"b", "2"}, {"a", "3"}}}))).code ==
        WireErrc::duplicate);
  CHECK(error_of(decode_one(init_frame({2, {{"host_port", std::string(init_bytes_max, 'x')}}}))).code ==
        WireErrc::too_large);
  Init many;
  for (std::size_t i = 0; i <= headers_max; ++i) many.headers.emplace_back(std::to_string(i), "");
  CHECK(error_of(decode_one(init_frame(many))).code == WireErrc::too_many);
  many.headers.pop_back();
  CHECK(std::holds_alternative<Message>(decode_one(init_frame(many))));
}

TEST_CASE("bytes behind a message are an error") {
  for (const Message& message : {Message(init), Message(Error{}), Message(Cancel{})}) {
    const FrameType type = std::holds_alternative<Init>(message)    ? FrameType::init_req
                           : std::holds_alternative<Error>(message) ? FrameType::error
                                                                    : FrameType::cancel;
    const std::string frame = encode(type, 1, message);
    CHECK(error_of(decode_one(with_size(frame + "x"))) ==
          WireError{WireErrc::trailing_bytes, frame.size() - header_bytes});
  }
}

TEST_CASE("the text of an error is cut rather than the frame spoilt") {
  const Decoded back =
      decode_one(encode(FrameType::error, 1, Error{ErrorCode::busy, {}, std::string(100'000, 'e')}));
  CHECK(std::get<Error>(std::get<Message>(back)).message == std::string(4096, 'e'));
}

TEST_CASE("find gives a header's value, or nothing") {
  CHECK(find(init.headers, "host_port") == "127.0.0.1:3000");
  CHECK(find(init.headers, "host") == "");
  CHECK(find({}, "as") == "");
}

TEST_CASE("every error code has its name") {
  CHECK(to_string(ErrorCode::bad_request) == "bad request");
  CHECK(to_string(ErrorCode::fatal) == "fatal protocol error");
  CHECK(to_string(static_cast<ErrorCode>(0)) == "unknown error");
}
