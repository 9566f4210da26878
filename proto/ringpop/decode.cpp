// JSON to messages (proto/spec/ringpop.md, "What we accept").
//
// The bytes are read as a stream of events, straight into the message: nothing is built that is not kept, and
// a limit stops the reading where it is passed. A message is a table of slots (name, where the value goes). A
// field without a slot is skipped whole, null means absent, a value of another kind than its slot's is an
// error: of the message, or within a change of that change alone, which is then left out. Peers relay what
// they were told, so one bad record must not cut us off from the cluster.
#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "proto/ringpop/codec.hpp"

namespace ringside::ringpop {
namespace {

using wire::WireErrc;
using wire::WireError;

constexpr std::size_t depth_max = 16;  // of a field that we skip
constexpr std::size_t text_bytes_max = 4096;

struct Slot {
  std::string_view name;
  std::variant<std::string*, std::int64_t*, std::uint32_t*, bool*, std::vector<Change>*, Labels::List*> to;
};

constexpr std::array statuses{Status::alive, Status::suspect, Status::faulty, Status::leave,
                              Status::tombstone};

// A change as it stands in the JSON.
struct Record {
  Change change;
  Labels::List labels;
  std::string status;
  bool tombstone = false;
  bool left_out = false;  // against a rule
};

// Lets the reader of a value know how far the parser is.
class Cursor {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor() = default;
  Cursor(const char* at, const char** seen) : at_(at), seen_(seen) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *seen_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    const Cursor before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }

 private:
  const char* at_ = nullptr;
  const char** seen_ = nullptr;
};

// What the parser calls. Every event returns whether to go on; the names are the library's.
class BodyReader {
 public:
  BodyReader(std::string_view body, std::vector<Slot> slots, const DecodeLimits& limits)
      : body_(body), seen_(body.data()), slots_(std::move(slots)), limits_(limits) {}

  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  std::optional<WireError> read() {
    const Cursor begin(body_.data(), &seen_);
    const Cursor end(body_.data() + body_.size(), &seen_);
    nlohmann::json::sax_parse(begin, end, this);
    return error_;
  }

  bool null() {
    return is_value_ignored() || at_ == At::body || at_ == At::record || at_ == At::labels || refuse();
  }
  bool boolean(bool value) { return is_value_ignored() || put<bool>(value); }
  bool number_integer(std::int64_t) {
    return is_value_ignored() || refuse();
  }  // only negative ones come here
  bool number_unsigned(std::uint64_t value) {
    if (is_value_ignored()) return true;
    if (value <= std::numeric_limits<std::uint32_t>::max() && is_slot<std::uint32_t>()) {
      return put(static_cast<std::uint32_t>(value));
    }
    if (value > std::numeric_limits<std::int64_t>::max()) return refuse();
    return put(static_cast<std::int64_t>(value));
  }
  bool number_float(double, const std::string&) { return is_value_ignored() || refuse(); }
  bool binary(std::vector<std::uint8_t>&) { return refuse(); }  // JSON has none
  bool string(std::string& value) {
    if (is_value_ignored()) return true;
    if (at_ == At::labels) return add_label(std::move(value));
    if (value.size() > text_bytes_max) return is_in_record() ? leave_out() : fail(WireErrc::too_large);
    return put(std::move(value));
  }
  bool key(std::string& name) {
    if (skipped_ != 0) return true;
    if (at_ == At::labels) {
      label_key_ = std::move(name);
      return true;
    }
    const std::vector<Slot>& slots = at_ == At::record ? record_slots_ : slots_;
    const auto found = std::ranges::find(slots, name, &Slot::name);
    slot_ = found == slots.end() ? nullptr : &*found;
    return true;
  }

  bool start_object(std::size_t) {
    if (is_value_ignored()) return skip_deeper();
    if (at_ == At::start) {
      at_ = At::body;
    } else if (at_ == At::list) {
      if (list_->size() >= limits_.changes_max) return fail(WireErrc::too_many);
      record_ = Record{};
      at_ = At::record;
    } else if (at_ == At::record && is_slot<Labels::List>()) {
      record_.labels.clear();
      at_ = At::labels;
    } else {
      return refuse_deeper();
    }
    return true;
  }
  bool end_object() {
    if (skipped_ != 0) return skip_end();
    if (at_ == At::labels) {
      at_ = At::record;
      return finish_labels();
    }
    if (at_ == At::record) {
      at_ = At::list;
      return finish_record();
    }
    at_ = At::end;
    return true;
  }
  bool start_array(std::size_t) {
    if (is_value_ignored()) return skip_deeper();
    if (at_ != At::body || !is_slot<std::vector<Change>>()) return refuse_deeper();
    list_ = std::get<std::vector<Change>*>(slot_->to);
    list_->clear();
    at_ = At::list;
    return true;
  }
  bool end_array() {
    if (skipped_ != 0) return skip_end();
    at_ = At::body;
    return true;
  }

  template <class Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception&) {
    if (at_ == At::end) return fail(WireErrc::trailing_bytes);
    return fail(position > body_.size() ? WireErrc::truncated : WireErrc::bad_value);
  }

 private:
  enum class At { start, body, list, record, labels, end };

  // The value of a field nobody asked for, or something inside it.
  [[nodiscard]] bool is_value_ignored() const {
    return skipped_ != 0 || ((at_ == At::body || at_ == At::record) && slot_ == nullptr);
  }
  bool skip_deeper() { return ++skipped_ <= depth_max || fail(WireErrc::too_many); }
  bool skip_end() {
    --skipped_;
    return true;
  }

  template <class T>
  [[nodiscard]] bool is_slot() const {
    return (at_ == At::body || at_ == At::record) && std::holds_alternative<T*>(slot_->to);
  }
  template <class T>
  bool put(T value) {
    if (!is_slot<T>()) return refuse();
    *std::get<T*>(slot_->to) = std::move(value);
    return true;
  }

  bool add_label(std::string value) {
    Labels::List& labels = record_.labels;
    if (labels.size() >= limits_.labels_max) return leave_out();
    if (std::max(label_key_.size(), value.size()) > limits_.label_bytes_max) return leave_out();
    labels.emplace_back(std::move(label_key_), std::move(value));
    return true;
  }
  bool finish_labels() {
    Labels::List& labels = record_.labels;
    std::ranges::sort(labels);
    const auto twice = std::ranges::adjacent_find(labels, {}, &Labels::List::value_type::first);
    return twice == labels.end() || leave_out();
  }
  bool finish_record() {
    const auto status = std::ranges::find(statuses, record_.status, to_string);
    if (record_.left_out || record_.change.address.empty() || status == statuses.end()) {
      ++left_out_;
      return true;
    }
    record_.change.labels = Labels(std::move(record_.labels));
    record_.change.status = record_.tombstone && *status == Status::faulty ? Status::tombstone : *status;
    list_->push_back(std::move(record_.change));
    return true;
  }

  [[nodiscard]] bool is_in_record() const { return at_ == At::record || at_ == At::labels; }
  bool leave_out() {
    record_.left_out = true;
    return true;
  }
  bool refuse() { return is_in_record() ? leave_out() : fail(WireErrc::bad_value); }
  bool refuse_deeper() { return is_in_record() ? leave_out() && skip_deeper() : refuse(); }
  bool fail(WireErrc code) {
    error_ = WireError{code, static_cast<std::size_t>(seen_ - body_.data())};
    return false;
  }

  std::string_view body_;
  const char* seen_;  // just behind the last character that was read
  std::vector<Slot> slots_;
  DecodeLimits limits_;
  At at_ = At::start;
  const Slot* slot_ = nullptr;  // of the last key in the body or in a record; none: not ours
  std::size_t skipped_ = 0;     // how deep we are in a field that is not ours
  std::vector<Change>* list_ = nullptr;
  Record record_;
  const std::vector<Slot> record_slots_{{"address", &record_.change.address},
                                        {"status", &record_.status},
                                        {"incarnationNumber", &record_.change.incarnation},
                                        {"source", &record_.change.source},
                                        {"sourceIncarnationNumber", &record_.change.source_incarnation},
                                        {"tombstone", &record_.tombstone},
                                        {"labels", &record_.labels},
                                        {"unverified", &record_.change.unverified}};
  std::string label_key_;
  std::size_t left_out_ = 0;
  std::optional<WireError> error_;
};

std::vector<Slot> slots(Join& m) {
  return {{"app", &m.app}, {"source", &m.source}, {"incarnationNumber", &m.incarnation}};
}
std::vector<Slot> slots(Ping& m) {
  return {{"changes", &m.changes},
          {"checksum", &m.checksum},
          {"source", &m.source},
          {"sourceIncarnationNumber", &m.source_incarnation},
          {"app", &m.app}};
}
std::vector<Slot> slots(PingReq& m) {
  return {{"source", &m.source},
          {"sourceIncarnationNumber", &m.source_incarnation},
          {"target", &m.target},
          {"checksum", &m.checksum},
          {"changes", &m.changes}};
}
std::vector<Slot> slots(JoinResponse& m) {
  return {{"app", &m.app},
          {"coordinator", &m.coordinator},
          {"membership", &m.membership},
          {"membershipChecksum", &m.membership_checksum},
          {"dampScore", &m.damp_score}};
}
std::vector<Slot> slots(PingResponse& m) {
  return {{"changes", &m.changes},
          {"checksum", &m.checksum},
          {"source", &m.source},
          {"sourceIncarnationNumber", &m.source_incarnation}};
}
std::vector<Slot> slots(PingReqResponse& m) {
  return {{"pingStatus", &m.ping_status},
          {"target", &m.target},
          {"changes", &m.changes},
          {"refused", &m.refused}};
}
std::vector<Slot> slots(Rejection& m) {
  return {{"type", &m.type}, {"message", &m.message}};
}

template <class Message, class Any>
Parsed<Any> decode(std::string_view body, const DecodeLimits& limits, std::size_t* left_out) {
  Message message;
  BodyReader reader(body, slots(message), limits);
  if (const auto error = reader.read()) return *error;
  if (left_out != nullptr) *left_out = reader.left_out();
  return Any(std::move(message));
}

// A refusal is one whatever its body: ringpop-node's may be {} or no JSON at all.
Response decode_rejection(std::string_view body, const DecodeLimits& limits) {
  Rejection rejection;
  if (BodyReader(body, slots(rejection), limits).read()) return Rejection{};
  return rejection;
}

}  // namespace

std::string_view endpoint(const Request& request) noexcept {
  constexpr std::array endpoints{join_endpoint, ping_endpoint,
                                 ping_req_endpoint};  // in the order of the variant
  return endpoints[request.index()];
}

Parsed<Request> decode_request(std::string_view endpoint, std::string_view body, const DecodeLimits& limits,
                               std::size_t* left_out) {
  if (endpoint == ping_endpoint) return decode<Ping, Request>(body, limits, left_out);
  if (endpoint == ping_req_endpoint) return decode<PingReq, Request>(body, limits, left_out);
  if (endpoint == join_endpoint) return decode<Join, Request>(body, limits, left_out);
  return WireError{WireErrc::unexpected, 0};
}

Parsed<Response> decode_response(std::string_view endpoint, bool app_error, std::string_view body,
                                 const DecodeLimits& limits, std::size_t* left_out) {
  if (app_error) return decode_rejection(body, limits);
  if (endpoint == ping_endpoint) return decode<PingResponse, Response>(body, limits, left_out);
  if (endpoint == ping_req_endpoint) return decode<PingReqResponse, Response>(body, limits, left_out);
  if (endpoint == join_endpoint) return decode<JoinResponse, Response>(body, limits, left_out);
  return WireError{WireErrc::unexpected, 0};
}

}  // namespace ringside::ringpop
