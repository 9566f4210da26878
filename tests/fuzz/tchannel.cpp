// TChannel: what a peer sends, frame by frame, and calls that are cut into frames in every way there is.
//
// Flags of tchannel_frames: 0 the payload is raw; else it is frames as [type, id, length, that many bytes],
// which get their 16-byte headers here, so that a mutation breaks a frame and not its neighbours; 1 small
// limits; 2 every third call frame's call is given up.
//
// The payload of tchannel_calls is the recipe of a call (make_call). Flags: 0 the other cut begins each
// argument in a new frame; 1 it has frames without a chunk; 2, 3 which chunk is spoiled.
#include <boost/crc.hpp>
#include <functional>

#include "proto/tchannel/call_frames.hpp"
#include "proto/tchannel/checksum.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"
#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {
namespace {

using namespace tchannel;

std::span<const std::uint8_t> octets(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

FrameView first_frame(std::string_view bytes) {
  const Step step = next_frame(octets(bytes));
  const auto* frame = std::get_if<FrameView>(&step);
  require(frame != nullptr, "what is written does not begin with a frame");
  return *frame;
}

// Calls `use` with each frame of bytes that we wrote.
template <class Use>
void for_each_frame(std::string_view bytes, Use use) {
  while (!bytes.empty()) {
    const auto frame = first_frame(bytes);
    use(frame);
    bytes.remove_prefix(frame.size);
  }
}

// What is written means what was read, but for a checksum that nobody can compute.
template <class Call>
void check_rewritten(std::uint32_t id, const Call& call, std::string& bytes) {
  write(bytes, id, call);
  Call expected = call;
  if (call.checksum == ChecksumType::farmhash) expected.checksum = ChecksumType::none;
  Assembler assembler;
  bool whole = false;
  for_each_frame(bytes, [&](const FrameView& frame) {
    const auto result = assembler.take(frame);
    const auto* done = std::get_if<std::pair<std::uint32_t, Call>>(&result);
    whole = done != nullptr;
    require(whole || std::holds_alternative<Assembler::Pending>(result), "a call of ours is refused");
    if (whole) require(done->first == id && done->second == expected, "a call is written differently");
  });
  require(whole, "a call of ours does not end");
}

template <class Message, class Write, class Parse>
void check_rewritten(const Message& message, std::string& bytes, Write write_it, Parse parse) {
  write_it(bytes);
  const auto frame = first_frame(bytes);
  require(frame.size == bytes.size(), "a message is more than one frame");
  const auto again = parse(frame.payload);
  require(again && *again == message, "a message is written differently");
}

Assembler::Limits limits_of(const Input& input) {
  Assembler::Limits limits;
  if (input.flag(1)) limits = {.message_bytes = 60, .half_built = 2, .held_bytes = 100};
  return limits;
}

// One end of a connection. Its log is what it has read, as it would write it.
class Listener {
 public:
  explicit Listener(const Input& input)
      : gives_up_(input.flag(2)), limits_(limits_of(input)), assembler_(limits_) {}

  void feed(std::string_view piece) {
    pending_.append(piece);
    while (!broken_) {
      const std::string bytes(pending_);  // a new place each time
      const Step step = next_frame(octets(bytes));
      if (const auto* more = std::get_if<NeedMore>(&step))
        return require(more->bytes > 0, "no more of nothing");
      if (std::holds_alternative<WireError>(step)) return fail("no frame");
      const auto& frame = std::get<FrameView>(step);
      require(frame.size >= header_bytes && frame.size <= bytes.size(), "a frame is more than there is");
      require(frame_size(bytes) == frame.size, "its size is read in two ways");
      take(frame);
      pending_.erase(0, frame.size);
    }
  }
  [[nodiscard]] const std::string& log() const { return log_; }

 private:
  void take(const FrameView& frame) {
    log_ += '[' + std::to_string(static_cast<unsigned>(frame.type)) + ' ' + std::to_string(frame.id) + ']';
    switch (frame.type) {
      case FrameType::init_req:
      case FrameType::init_res: {
        const auto write_it = [&frame](std::string& out, const Init& init) {
          write_init(out, frame.type, frame.id, init);
        };
        return keep(frame, parse_init, write_it);
      }
      case FrameType::error:
        return keep(frame, parse_error,
                    [&frame](std::string& out, const Error& error) { write(out, frame.id, error); });
      case FrameType::cancel:
        return keep(frame, parse_cancel,
                    [&frame](std::string& out, const Cancel& cancel) { write(out, frame.id, cancel); });
      case FrameType::call_req:
      case FrameType::call_res:
      case FrameType::call_req_continue:
      case FrameType::call_res_continue: return call(frame);
      case FrameType::claim:
      case FrameType::ping_req:
      case FrameType::ping_res: return;
    }
  }

  template <class Parse, class Write>
  void keep(const FrameView& frame, Parse parse, Write write_it) {
    const auto message = parse(frame.payload);
    if (!message) return fail(message.error(), frame);
    check_rewritten(*message, log_part(), [&](std::string& out) { write_it(out, *message); }, parse);
    log_ += part_;
  }

  void call(const FrameView& frame) {
    auto result = assembler_.take(frame);
    require(assembler_.half_built() <= limits_.half_built, "more half-built calls than are allowed");
    if (const auto* broken = std::get_if<Assembler::Broken>(&result)) {
      require(broken->id == frame.id, "another call is broken than the one that came");
      log_ += wire::describe(broken->error.code);
      if (broken->fatal) fail(broken->error, frame);
      return;
    }
    const auto* request = std::get_if<std::pair<std::uint32_t, CallRequest>>(&result);
    const auto* response = std::get_if<std::pair<std::uint32_t, CallResponse>>(&result);
    check_head(frame, request, response);
    if (request != nullptr) check_rewritten(frame.id, request->second, log_part());
    if (response != nullptr) check_rewritten(frame.id, response->second, log_part());
    if (request != nullptr || response != nullptr) log_ += part_;
    const bool is_request = frame.type == FrameType::call_req || frame.type == FrameType::call_req_continue;
    if (gives_up_ && ++calls_ % 3 == 0) assembler_.forget(frame.id, is_request);
  }

  // A relay reads the head where it lies and must see the same call.
  static void check_head(const FrameView& frame, const std::pair<std::uint32_t, CallRequest>* request,
                         const std::pair<std::uint32_t, CallResponse>* response) {
    const bool whole = request != nullptr || response != nullptr;
    if (frame.type == FrameType::call_req) {
      const auto head = parse_request_head(frame.payload);
      require(head && head->more != whole, "a relay cannot read a request's head");
      if (!whole) return;
      const CallRequest& call = request->second;
      require(head->ttl_ms == call.ttl_ms && head->tracing == call.tracing && head->service == call.service &&
                  head->shard_key.value_or("") == find(call.headers, "sk"),
              "a relay reads another head");
    } else if (frame.type == FrameType::call_res) {
      const auto head = parse_response_head(frame.payload);
      require(head && head->more != whole, "a relay cannot read an answer's head");
      if (whole) require(head->code == response->second.code, "a relay reads another code");
    } else {
      const auto more = parse_more(frame.payload);
      require(!whole || (more && !*more), "a relay waits for more of a call");
    }
  }

  std::string& log_part() {
    part_.clear();
    return part_;
  }
  void fail(WireError error, const FrameView& frame) {
    require(error.offset <= frame.payload.size(), "an error behind the end");
    fail(wire::describe(error.code));
  }
  void fail(std::string_view why) {
    log_ += why;
    broken_ = true;
  }

  bool gives_up_;
  Assembler::Limits limits_;
  Assembler assembler_;
  std::string pending_, log_, part_;
  bool broken_ = false;
  int calls_ = 0;
};

// [type, id, length, payload] made into frames.
std::string frames_of(std::string_view packed) {
  std::string bytes;
  wire::Writer out(bytes);
  while (packed.size() >= 3) {
    const auto length = std::min<std::size_t>(static_cast<unsigned char>(packed[2]), packed.size() - 3);
    out.u16(static_cast<std::uint16_t>(header_bytes + length));
    out.text(packed.substr(0, 1));
    out.u8(0);
    out.u32(static_cast<unsigned char>(packed[1]));
    out.zeros(8);
    out.text(packed.substr(3, length));
    packed.remove_prefix(3 + length);
  }
  return bytes;
}

// --- calls in every cut

// An argument: a text said over and over.
struct Argument {
  std::string_view text;
  std::size_t times = 1;
  [[nodiscard]] std::string whole() const {
    std::string bytes;
    for (std::size_t i = 0; i < times; ++i) bytes += text;
    return bytes;
  }
};

struct Recipe {
  CallRequest call;
  std::array<Argument, 3> arguments;
};

// checksum type and number of headers, ttl, service, headers, three times a text and how often it is said.
// What is missing is nothing.
Recipe make_call(std::string_view bytes) {
  wire::Reader in(octets(bytes));
  Recipe recipe;
  CallRequest& call = recipe.call;
  const unsigned kind = in.u8();
  call.checksum = static_cast<ChecksumType>(kind & 3);
  call.ttl_ms = in.u32();
  call.service = in.text8();
  for (unsigned i = 0; i < kind >> 2; ++i) {
    const auto key = in.text8().substr(0, header_key_bytes_max);
    const auto value = in.text8();
    const auto known = [key](const auto& header) { return header.first == key; };
    if (!key.empty() && std::ranges::none_of(call.headers, known)) call.headers.emplace_back(key, value);
  }
  for (auto& argument : recipe.arguments) {
    argument.text = in.text8();
    argument.times = in.u16() % 400;
  }
  auto& first = recipe.arguments[0];
  if (!first.text.empty()) first.times = std::min(first.times, arg1_bytes_max / first.text.size());
  call.arg1 = first.whole();
  call.arg2 = recipe.arguments[1].whole();
  call.arg3 = recipe.arguments[2].whole();
  return recipe;
}

// The checksums by another hand.
class Sum {
 public:
  explicit Sum(ChecksumType type) : type_(type) {}
  void add(std::string_view bytes) {
    zlib_.process_bytes(bytes.data(), bytes.size());
    castagnoli_.process_bytes(bytes.data(), bytes.size());
  }
  [[nodiscard]] std::uint32_t value() const {
    return type_ == ChecksumType::crc32    ? zlib_.checksum()
           : type_ == ChecksumType::crc32c ? castagnoli_.checksum()
                                           : 0x12345678;  // not verified
  }

 private:
  ChecksumType type_;
  boost::crc_32_type zlib_;
  boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true> castagnoli_;
};

// A call as others might cut it: each chunk is a piece of an argument.
class OtherCut {
 public:
  OtherCut(const Input& input, std::uint32_t id, const Recipe& recipe)
      : input_(input), id_(id), type_(recipe.call.checksum), sum_(type_) {
    begin(FrameType::call_req);
    wire::Writer out(frames.back());
    out.u32(recipe.call.ttl_ms);
    out.zeros(25);  // tracing
    out.text8(recipe.call.service);
    out.u8(static_cast<std::uint8_t>(recipe.call.headers.size()));
    for (const auto& [key, value] : recipe.call.headers) {
      out.text8(key);
      out.text8(value);
    }
    begin_arguments();
    for (std::size_t i = 0; i < recipe.arguments.size(); ++i) {
      if (i > 0 &&
          input.flag(0)) {  // the last one is only known to be complete when a chunk stands behind it
        go_on();
        chunk({});
      }
      argument(recipe.arguments[i]);
    }
    finish(false);
  }

  std::vector<std::string> frames;
  std::vector<std::pair<std::size_t, std::size_t>> bytes_of_arguments;  // frame, place of a byte

 private:
  void argument(const Argument& argument) {
    const auto whole = argument.whole();
    std::string_view rest = whole;
    bool first = true;
    const auto add = [&](std::size_t size) {
      constexpr std::size_t most = 16'000;  // three of them fit a frame, and a head
      for (; size > 0; size -= std::min(size, most)) {
        if (!std::exchange(first, false)) go_on();
        chunk(rest.substr(0, std::min(size, most)));
        rest.remove_prefix(std::min(size, most));
      }
    };
    input_.for_each_piece(argument.text, [&](std::string_view piece) { add(piece.size() * argument.times); });
    if (first) chunk({});
  }
  void chunk(std::string_view bytes) {
    wire::Writer(frames.back()).text16(bytes);
    sum_.add(bytes);
    if (!bytes.empty()) bytes_of_arguments.emplace_back(frames.size() - 1, frames.back().size() - 1);
  }
  void go_on() {
    do {
      finish(true);
      begin(FrameType::call_req_continue);
      begin_arguments();
    } while (input_.flag(1) && frames.size() % 4 == 1);
  }
  void begin(FrameType type) {
    wire::Writer out(frames.emplace_back());
    out.u16(0);
    out.u8(static_cast<std::uint8_t>(type));
    out.u8(0);
    out.u32(id_);
    out.zeros(8 + 1);
  }
  void begin_arguments() {
    wire::Writer out(frames.back());
    out.u8(static_cast<std::uint8_t>(type_));
    sum_at_ = out.size();
    out.zeros(checksum_bytes(type_));
  }
  void finish(bool more) {
    wire::Writer out(frames.back());
    out.patch_u16(0, static_cast<std::uint16_t>(out.size()));
    out.patch_u8(header_bytes, more ? 1 : 0);
    if (checksum_bytes(type_) != 0) out.patch_u32(sum_at_, sum_.value());
  }

  const Input& input_;
  std::uint32_t id_;
  ChecksumType type_;
  Sum sum_;
  std::size_t sum_at_ = 0;
};

CallRequest taken(Assembler::Result& result, std::uint32_t id) {
  auto* done = std::get_if<std::pair<std::uint32_t, CallRequest>>(&result);
  require(done != nullptr && done->first == id, "a whole call is none");
  return std::move(done->second);
}

// Frames of two calls in turn; each must come out as it went in.
void check_both(const CallRequest& call, const std::vector<std::string>& ours,
                const std::vector<std::string>& others) {
  Assembler assembler;
  const auto take = [&](const std::vector<std::string>& frames, std::size_t i, std::uint32_t id) {
    if (i >= frames.size()) return;
    auto result = assembler.take(first_frame(frames[i]));
    if (i + 1 < frames.size()) {
      require(std::holds_alternative<Assembler::Pending>(result), "a call is refused half-way");
      return;
    }
    CallRequest expected = call;
    if (id == 1 && call.checksum == ChecksumType::farmhash) expected.checksum = ChecksumType::none;
    require(taken(result, id) == expected, "the cut changes the call");
  };
  for (std::size_t i = 0; i < std::max(ours.size(), others.size()); ++i) {
    take(ours, i, 1);
    take(others, i, 2);
  }
  require(assembler.half_built() == 0, "something is left of whole calls");
}

// One byte is another one: the call is refused, once, and the connection goes on with the same id.
void check_spoiled(const Input& input, const CallRequest& call, OtherCut cut, std::uint32_t id) {
  if (cut.bytes_of_arguments.empty()) return;
  const auto [frame, place] = cut.bytes_of_arguments[(input.flags() >> 2) % cut.bytes_of_arguments.size()];
  cut.frames[frame][place] = static_cast<char>(cut.frames[frame][place] ^ 0x20);
  const bool verified = call.checksum == ChecksumType::crc32 || call.checksum == ChecksumType::crc32c;
  Assembler assembler;
  int broken = 0;
  for (const auto& bytes : cut.frames) {
    const auto result = assembler.take(first_frame(bytes));
    if (const auto* fault = std::get_if<Assembler::Broken>(&result)) {
      require(fault->error.code == wire::WireErrc::bad_checksum && !fault->fatal, "not a wrong checksum");
      ++broken;
    }
    const bool whole = std::holds_alternative<std::pair<std::uint32_t, CallRequest>>(result);
    require(!whole || !verified, "a spoiled call is taken");
  }
  require(broken == (verified ? 1 : 0), "a spoiled call is refused once");
  require(assembler.half_built() == 0, "something is left of a refused call");
  std::string next;
  write(next, id, CallRequest{});
  auto result = assembler.take(first_frame(next));
  require(taken(result, id).service.empty(), "the next call is not the next call");
}

}  // namespace

void tchannel_frames(const Input& input) {
  const auto bytes = input.flag(0) ? std::string(input.payload()) : frames_of(input.payload());
  Listener whole(input), pieces(input);
  whole.feed(bytes);
  input.for_each_piece(bytes, [&](std::string_view piece) { pieces.feed(piece); });
  require(whole.log() == pieces.log(), "the cut changes what is read");
}

void tchannel_calls(const Input& input) {
  const auto recipe = make_call(input.payload());
  std::string bytes;
  write(bytes, 1, recipe.call);
  std::vector<std::string> ours;
  for_each_frame(bytes, [&](const FrameView& frame) { ours.emplace_back(bytes_of(frame)); });
  const OtherCut cut(input, 2, recipe);
  check_both(recipe.call, ours, cut.frames);
  check_spoiled(input, recipe.call, cut, 2);
}

}  // namespace ringside::fuzz
