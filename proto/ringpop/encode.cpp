// Messages to JSON, written by hand: the shapes are few and fixed, and full syncs are large. The order of the
// fields is ringpop-go's.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "proto/ringpop/codec.hpp"

namespace ringside::ringpop {
namespace {

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// Addresses and names are plain text. For the rest (labels of a Ringpop application) the library knows the
// escapes; it also puts U+FFFD where bytes are not UTF-8.
void put_text(std::string& out, std::string_view text) {
  if (!std::ranges::all_of(text, is_plain)) {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

// One JSON object, field by field; close() ends it.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }

  Object& text(std::string_view name, std::string_view value) {
    put_text(field(name), value);
    return *this;
  }
  Object& number(std::string_view name, std::int64_t value) {
    field(name) += std::to_string(value);
    return *this;
  }
  Object& flag(std::string_view name, bool value) {
    field(name) += value ? "true" : "false";
    return *this;
  }
  Object& changes(std::string_view name, const std::vector<Change>&);
  Object& labels(std::string_view name, const Labels& labels) {
    Object inner(field(name));
    for (const auto& [key, value] : labels) inner.text(key, value);
    inner.close();
    return *this;
  }
  void close() { out_ += '}'; }

 private:
  std::string& field(std::string_view name) {
    if (!is_first_) out_ += ',';
    is_first_ = false;
    put_text(out_, name);
    out_ += ':';
    return out_;
  }

  std::string& out_;
  bool is_first_ = true;
};

void put(std::string& out, const Change& c) {
  const bool is_tombstone = c.status == Status::tombstone;
  Object object(out);
  object.text("source", c.source)
      .number("sourceIncarnationNumber", c.source_incarnation)
      .text("address", c.address)
      .number("incarnationNumber", c.incarnation)
      .text("status", to_string(is_tombstone ? Status::faulty : c.status));
  if (is_tombstone) object.flag("tombstone", true);
  if (!c.labels.empty()) object.labels("labels", c.labels);
  if (c.unverified) object.flag("unverified", true);
  object.close();
}

Object& Object::changes(std::string_view name, const std::vector<Change>& list) {
  std::string& out = field(name);
  out += '[';
  for (bool is_first = true; const Change& c : list) {
    if (!is_first) out += ',';
    is_first = false;
    put(out, c);
  }
  out += ']';
  return *this;
}

void put(Object& object, const Join& m) {
  object.text("app", m.app).text("source", m.source).number("incarnationNumber", m.incarnation);
}

void put(Object& object, const Ping& m) {
  object.changes("changes", m.changes)
      .number("checksum", m.checksum)
      .text("source", m.source)
      .number("sourceIncarnationNumber", m.source_incarnation);
  if (!m.app.empty()) object.text("app", m.app);
}

// No `app`: the schema of Ringpop's own suite forbids it here.
void put(Object& object, const PingReq& m) {
  object.text("source", m.source)
      .number("sourceIncarnationNumber", m.source_incarnation)
      .text("target", m.target)
      .number("checksum", m.checksum)
      .changes("changes", m.changes);
}

void put(Object& object, const JoinResponse& m) {
  object.text("app", m.app)
      .text("coordinator", m.coordinator)
      .changes("membership", m.membership)
      .number("membershipChecksum", m.membership_checksum);
  if (m.damp_score > 0) object.number("dampScore", m.damp_score);
}

void put(Object& object, const PingResponse& m) {
  object.changes("changes", m.changes)
      .number("checksum", m.checksum)
      .text("source", m.source)
      .number("sourceIncarnationNumber", m.source_incarnation);
}

// Ringpop's own suite allows the first three only; the last is for ringsides, which ask for it.
void put(Object& object, const PingReqResponse& m) {
  object.flag("pingStatus", m.ping_status).text("target", m.target).changes("changes", m.changes);
  if (m.refused) object.flag("refused", true);
}

void put(Object& object, const Rejection& m) {
  object.text("type", m.type).text("message", m.message);
}

template <class Message>
std::string encode_any(const Message& message) {
  std::string out;
  Object object(out);
  std::visit([&](const auto& m) { put(object, m); }, message);
  object.close();
  return out;
}

}  // namespace

std::string encode(const Request& request) {
  return encode_any(request);
}
std::string encode(const Response& response) {
  return encode_any(response);
}

}  // namespace ringside::ringpop
