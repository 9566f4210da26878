// The messages of Ringpop's membership protocol as plain structs (proto/spec/ringpop.md). No encoding: the
// SWIM core works on these, codec.hpp turns them into JSON and back.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ringside::ringpop {

// In the order of precedence at equal incarnation: a later one overrides an earlier one.
enum class Status : std::uint8_t { alive, suspect, faulty, leave, tombstone };

// The word on the wire, in checksums and in what users see.
constexpr std::string_view to_string(Status status) noexcept {
  switch (status) {
    case Status::alive: return "alive";
    case Status::suspect: return "suspect";
    case Status::faulty: return "faulty";
    case Status::leave: return "leave";
    case Status::tombstone: return "tombstone";
  }
  return "";
}

// Sorted by key, keys unique. They are replaced as a whole, never merged or changed, and each record of a
// member repeats them: so all copies share one list, and those that came from one are quickly found equal.
class Labels {
 public:
  using List = std::vector<std::pair<std::string, std::string>>;
  Labels() = default;
  Labels(List list) {  // NOLINT(google-explicit-constructor): a list is what labels are
    if (!list.empty()) list_ = std::make_shared<const List>(std::move(list));
  }
  Labels(std::initializer_list<List::value_type> list) : Labels(List(list)) {}

  [[nodiscard]] List::const_iterator begin() const { return list().begin(); }
  [[nodiscard]] List::const_iterator end() const { return list().end(); }
  [[nodiscard]] std::size_t size() const { return list().size(); }
  [[nodiscard]] bool empty() const { return list_ == nullptr; }
  [[nodiscard]] const List& list() const {
    static const List none;
    return list_ == nullptr ? none : *list_;
  }
  friend bool operator==(const Labels& a, const Labels& b) {
    return a.list_ == b.list_ || a.list() == b.list();
  }

 private:
  std::shared_ptr<const List> list_;  // null: there are none
};

inline constexpr const char* identity_label = "__identity";

// One gossip record: what `source` says of `address`.
struct Change {
  std::string address;                  // the subject, ipv4:port; also its key in the member list
  Status status = Status::alive;        // a tombstone travels as faulty with a flag; the codec translates
  std::int64_t incarnation = 0;         // the subject's, milliseconds since 1970; 0 when absent
  std::string source;                   // who first declared it; may be empty
  std::int64_t source_incarnation = 0;  // the declarer's at that time
  Labels labels;
  bool unverified = false;  // ringside's own, in the list of a join: its sender has only heard of the subject
  friend bool operator==(const Change&, const Change&) = default;
};

struct Join {
  std::string app;
  std::string source;
  std::int64_t incarnation = 0;
  friend bool operator==(const Join&, const Join&) = default;
};

struct Ping {
  std::string app;  // empty: not sent
  std::string source;
  std::int64_t source_incarnation = 0;
  std::uint32_t checksum = 0;  // of the sender's membership
  std::vector<Change> changes;
  friend bool operator==(const Ping&, const Ping&) = default;
};

struct PingReq {
  std::string source;
  std::int64_t source_incarnation = 0;
  std::string target;
  std::uint32_t checksum = 0;
  std::vector<Change> changes;
  friend bool operator==(const PingReq&, const PingReq&) = default;
};

struct JoinResponse {
  std::string app;
  std::string coordinator;
  std::vector<Change> membership;
  std::uint32_t membership_checksum = 0;  // 0: the sender has not computed one
  std::int64_t damp_score = 0;            // ringside's own: what it has counted of the joiner's flaps
  friend bool operator==(const JoinResponse&, const JoinResponse&) = default;
};

struct PingResponse {
  std::vector<Change> changes;
  std::uint32_t checksum = 0;
  std::string source;
  std::int64_t source_incarnation = 0;
  friend bool operator==(const PingResponse&, const PingResponse&) = default;
};

struct PingReqResponse {
  std::vector<Change> changes;
  bool ping_status = false;
  std::string target;
  bool refused = false;  // ringside's own: the target's machine refused a fresh connection of the helper
  friend bool operator==(const PingReqResponse&, const PingReqResponse&) = default;
};

// A handler's refusal: an application error (call response code 1), e.g. type "ringpop.not-ready" and a text.
struct Rejection {
  std::string type;
  std::string message;
  friend bool operator==(const Rejection&, const Rejection&) = default;
};

using Request = std::variant<Join, Ping, PingReq>;
using Response = std::variant<JoinResponse, PingResponse, PingReqResponse, Rejection>;

}  // namespace ringside::ringpop
