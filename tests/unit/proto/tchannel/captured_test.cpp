// Frames captured from live ringpop-go and ringpop-node nodes (proto/vectors/tchannel), replayed byte for
// byte.
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/unit/proto/tchannel/frames.hpp"

using namespace ringside;
using namespace ringside::tchannel;
using nlohmann::json;
using wire::WireErrc;

namespace {

json load(const std::string& name) {
  std::ifstream file(std::string(RINGSIDE_SOURCE_DIR) + "/proto/vectors/tchannel/" + name);
  return json::parse(file);
}

std::string unhex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

struct Captured {
  std::string name;
  std::string bytes;
  json meaning;  // as the capturing program read it
};

const std::vector<Captured>& captured_frames() {
  static const auto frames = [] {
    std::vector<Captured> all;
    for (const json& exchange : load("captured-frames.json")) {
      for (const char* side : {"req", "res"}) {
        const json& frame = exchange[side];
        all.push_back({exchange["what"].get<std::string>() + ", " + side, unhex(frame["hex"]), frame});
      }
    }
    for (const json& frame : load("worked-examples.json")) {
      all.push_back({frame["what"], unhex(frame["hex"]), frame});
    }
    return all;
  }();
  return frames;
}

// Streams: what the probing program sent, and what came back.
std::vector<Captured> probe_streams() {
  std::vector<Captured> all;
  for (const char* file : {"raw-probes-go.json", "raw-probes-node.json"}) {
    const json probes = load(file);
    for (const auto& [name, probe] : probes.items()) {
      std::string sent, received;
      for (const json& bytes : probe["sent"]) sent += unhex(bytes);
      for (const json& frame : probe["received"]) received += unhex(frame["hex"]);
      all.push_back({name + ", sent", sent, probe});
      all.push_back({name + ", received by " + file, received, probe});
    }
  }
  return all;
}

// Every frame we have seen on a wire. A probe that was wrong on purpose ends its stream.
std::vector<Captured> all_frames() {
  std::vector<Captured> all = captured_frames();
  for (const Captured& stream : probe_streams()) {
    std::string_view rest = stream.bytes;
    while (!rest.empty()) {
      const Step step = next_frame(bytes_of(rest));
      const auto* frame = std::get_if<FrameView>(&step);
      if (frame == nullptr) break;
      all.push_back({stream.name, std::string(rest.substr(0, frame->size)), {}});
      rest.remove_prefix(frame->size);
    }
  }
  return all;
}

json as_json(const Headers& headers) {
  json object = json::object();
  for (const auto& [key, value] : headers) object[key] = value;
  return object;
}

std::string hex_of(const Tracing& t) {
  char text[51];
  std::snprintf(text, sizeof text, "%016lx%016lx%016lx%02x", t.span, t.parent, t.trace, t.flags);
  return text;
}

void check_meaning(const Init& init, const json& meaning) {
  CHECK(init.version == meaning["version"]);
  CHECK(as_json(init.headers) == meaning["headers"]);
}

template <class Call>
void check_call(const Call& call, const json& meaning) {
  CHECK(meaning["tracing"] == hex_of(call.tracing));
  CHECK(as_json(call.headers) == meaning["headers"]);
  CHECK(static_cast<int>(call.checksum) == meaning["csumtype"]);
  CHECK(meaning["arg1"] == call.arg1);
  CHECK(meaning["arg2"] == call.arg2);
  CHECK(meaning["arg3"] == call.arg3);
}

void check_meaning(const Message& message, const json& meaning) {
  const std::string type = meaning["type"];
  if (const auto* init = std::get_if<Init>(&message)) {
    CHECK(type.starts_with("init"));
    check_meaning(*init, meaning);
  } else if (const auto* request = std::get_if<CallRequest>(&message)) {
    CHECK(type == "call req");
    CHECK(request->ttl_ms == meaning["ttl"]);
    CHECK(meaning["service"] == request->service);
    check_call(*request, meaning);
  } else if (const auto* response = std::get_if<CallResponse>(&message)) {
    CHECK(type == "call res");
    CHECK(response->code == meaning["code"]);
    check_call(*response, meaning);
  } else if (const auto* error = std::get_if<Error>(&message)) {
    CHECK(type == "error");
    CHECK(static_cast<int>(error->code) == meaning["code"]);
  } else {
    FAIL("no meaning known for " + type);
  }
}

}  // namespace

TEST_CASE("every captured frame decodes to what the capturing program read in it") {
  CHECK(captured_frames().size() == 2 * 55 + 2);
  for (const Captured& frame : captured_frames()) {
    INFO(frame.name);
    CHECK(view_of(frame.bytes).id == frame.meaning["id"]);
    const Decoded decoded = decode_one(frame.bytes);
    REQUIRE(std::holds_alternative<Message>(decoded));
    check_meaning(std::get<Message>(decoded), frame.meaning);
  }
}

TEST_CASE("every captured frame encodes again to the same bytes") {
  int encoded = 0;
  for (const Captured& frame : all_frames()) {
    INFO(frame.name);
    const Decoded decoded = decode_one(frame.bytes);
    const auto* message = std::get_if<Message>(&decoded);
    if (message == nullptr) continue;  // wrong on purpose: the next test
    const FrameView view = view_of(frame.bytes);
    CHECK(encode(view.type, view.id, *message) == frame.bytes);
    ++encoded;
  }
  CHECK(encoded == 262);
}

TEST_CASE("the probes that were wrong on purpose are the only frames that do not decode") {
  std::map<std::string, WireErrc> refused;
  for (const Captured& stream : probe_streams()) {
    std::string_view rest = stream.bytes;
    while (!rest.empty()) {
      const Step step = next_frame(bytes_of(rest));
      if (const auto* error = std::get_if<WireError>(&step)) {
        refused.emplace(stream.name, error->code);
        break;
      }
      const FrameView frame = std::get<FrameView>(step);
      const Decoded decoded = decode_one(rest.substr(0, frame.size));
      if (const auto* error = std::get_if<WireError>(&decoded)) refused.emplace(stream.name, error->code);
      rest.remove_prefix(frame.size);
    }
  }
  CHECK(refused == std::map<std::string, WireErrc>{
                       {"frame of unknown type 0x55, sent", WireErrc::unexpected},
                       {"frame size 3, sent", WireErrc::bad_length},
                       {"health bad checksum, sent", WireErrc::bad_checksum},
                   });
}

TEST_CASE("a captured frame cut at any length waits for more, and with a size to match is an error") {
  for (const Captured& frame : all_frames()) {
    INFO(frame.name);
    for (std::size_t size = 0; size < frame.bytes.size(); ++size) {
      const std::string cut = frame.bytes.substr(0, size);
      REQUIRE(std::holds_alternative<Incomplete>(decode_one(cut)));
      if (size < header_bytes) continue;
      const Decoded decoded = decode_one(with_size(cut));
      REQUIRE(std::holds_alternative<WireError>(decoded));
      REQUIRE(std::get<WireError>(decoded).offset <= size);
    }
  }
}

TEST_CASE("a captured frame with any byte changed is an error or another well-formed message") {
  const auto is_reserved = [](std::size_t at) { return at == 3 || (at >= 8 && at < 16); };
  for (const Captured& frame : all_frames()) {
    INFO(frame.name);
    const Decoded original = decode_one(frame.bytes);
    const auto* message = std::get_if<Message>(&original);
    for (std::size_t at = 0; at < frame.bytes.size(); ++at) {
      for (const int mask : {0x01, 0x02, 0x10, 0x80, 0xff}) {
        std::string changed = frame.bytes;
        changed[at] = static_cast<char>(changed[at] ^ mask);
        const Decoded decoded = decode_one(changed);
        const auto* other = std::get_if<Message>(&decoded);
        if (other == nullptr) continue;
        const FrameView view = view_of(changed);
        const std::string again = encode(view.type, view.id, *other);
        const bool is_call = view.type == FrameType::call_req || view.type == FrameType::call_res;
        const bool is_other_flag =
            is_call && at == header_bytes && mask != 0x01;  // only "more follow" counts
        if (message != nullptr && !is_reserved(at) && !is_other_flag) REQUIRE(again != frame.bytes);
        const Decoded twice = decode_one(again);
        REQUIRE(std::holds_alternative<Message>(twice));
      }
    }
  }
}

TEST_CASE("a changed byte in the arguments never passes a checksum") {
  int checked = 0;
  for (const Captured& frame : captured_frames()) {
    const Decoded decoded = decode_one(frame.bytes);
    const auto* request = std::get_if<CallRequest>(&std::get<Message>(decoded));
    if (request == nullptr || request->arg3.empty()) continue;
    for (std::size_t at = frame.bytes.size() - request->arg3.size(); at < frame.bytes.size(); ++at) {
      std::string changed = frame.bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0x20);
      const Decoded refused = decode_one(changed);
      REQUIRE(std::holds_alternative<WireError>(refused));
      REQUIRE(std::get<WireError>(refused).code == WireErrc::bad_checksum);
      ++checked;
    }
  }
  CHECK(checked > 5000);
}

TEST_CASE("a stream gives the same frames whole and cut at any point") {
  std::string stream;
  for (const Captured& frame : captured_frames()) {
    if (stream.size() < 4000) stream += frame.bytes;
  }
  const std::vector<std::string> whole = split_frames(stream);
  REQUIRE(whole.size() > 10);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    std::vector<std::string> frames;
    std::string buffer;
    for (const std::string& piece : {stream.substr(0, cut), stream.substr(cut)}) {
      buffer += piece;
      for (;;) {
        const Step step = next_frame(bytes_of(buffer));
        const auto* frame = std::get_if<FrameView>(&step);
        if (frame == nullptr) break;
        frames.push_back(buffer.substr(0, frame->size));
        buffer.erase(0, frame->size);
      }
    }
    REQUIRE(frames == whole);
    REQUIRE(buffer.empty());
  }
}
