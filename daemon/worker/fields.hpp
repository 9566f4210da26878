// The header rules of a hop (proto/spec/forwarding.md, section "Header fields"): what is taken from a request
// or reply and what is added towards the next ringside, the app and the caller. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/time.hpp"
#include "daemon/config/config.hpp"
#include "daemon/forward/exchange.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

// A request head that owns its bytes, so that a try can be repeated after the receive buffer has moved on.
// Reused from one request of a connection to the next: no allocation once it has grown.
class OwnedHead {
 public:
  void assign(const http::RequestHead& head);
  [[nodiscard]] const http::RequestHead& get() const { return head_; }
  [[nodiscard]] http::RequestHead& get() { return head_; }

 private:
  std::string bytes_;
  http::RequestHead head_;
};

// What ringsides tell each other about a request on its way.
struct Passport {
  std::string from;          // name of the entry node
  int hops = 0;              // ringsides that have sent it on
  Millis timeout{};          // left of the caller's patience; 0: not said
  std::string fault;         // what is wrong with the one that a client said; empty: nothing
  int retries = -1;          // repeats that the caller allows; -1: not said
  std::string client;        // its address, which the app is to be told; empty: it is told nothing
  bool secured = false;      // and it came over TLS
  std::string request_id;    // X-Request-Id of the caller, or made at the entry
  std::string via;           // of the request so far
  bool repeatable = false;   // idempotent method or Idempotency-Key
  std::string max_forwards;  // of a client's OPTIONS: what is left of it behind us
  // Of the entry's route, if it differs from what this node would do by itself.
  std::optional<Millis> patience;  // for the reply's head, counted from the body's last piece; 0: no limit
  bool keyless = false;            // the key was made up to choose a node: not for the app
  // Of the entry, where this node is not to do as usual.
  config::ForwardCheck check = config::ForwardCheck::key;
  std::uint32_t ring = 0;  // with `view`: the digest of the entry's ring
  std::string node;        // the name of this member, which alone may serve it; empty: who owns the key

  void clear();  // keeps the memory
};

// What a caller wants done otherwise with this one request.
struct Wishes {
  std::optional<forward::Place> place;        // Ringside-Route
  std::optional<config::ForwardCheck> check;  // Ringside-Check; nothing: as configured
  std::string app;                            // Ringside-App; empty: whichever is there
  std::string fault;  // what is wrong with one of them, and what it may hold; empty: nothing

  void clear();  // keeps the memory
};

// Reads the passport and takes out of the head what belongs to one connection or to ringsides alone. From a
// client nothing of Ringside-* is believed but Ringside-Timeout and Ringside-Retry, and what it says of
// forwarding (X-Forwarded-*, Forwarded) is dropped unless `keep_forwarding`; a peer's fields are taken as
// they are. A client that may have `wishes` is asked for them, others' are dropped like the rest.
void take_passport(http::RequestHead&, bool from_peer, Passport&, bool keep_forwarding = false,
                   Wishes* wishes = nullptr);

// For a request whose Authorization held a token of the API.
void remove_authorization(http::RequestHead&);

// The value of Ringside-Passport on a link: `<hops> <HTTP version at the entry> <from> <client, or ->
// <request id>`, in one field because each costs both ends as much as the rest of a hop's header work
// together. `hops` counts the one that this is.
void write_passport(const Passport&, int hops, std::string_view version, std::string& out);

// The value of Ringside-Check on a link, if it is not `key`: `none`, or `view <digest of our ring>`.
void write_check(config::ForwardCheck, std::uint32_t ring, std::string& out);

// The entry of this node in Via, and with it what is said of the way of a request to its next stop.
void append_via(std::string& via, std::string_view version, std::string_view name);
// HTTP's, that the request came in.
[[nodiscard]] std::string_view version_of(const http::RequestHead&) noexcept;

// What a reply says that matters here; views into its head.
struct ReplyNotes {
  std::string_view content_type;
  // Of a ringside; an app's Ringside-* are nobody's business.
  std::string_view served_by, hops, error, executed;
  bool has_request_id = false;
};

// The same for a reply: reads it and takes out what belongs to one connection, and all Ringside-*.
ReplyNotes take_reply(http::ResponseHead&);

// An OPTIONS that is to go no further (Max-Forwards: 0): we are its last recipient, RFC 9110 7.6.2. All
// members together count as one.
[[nodiscard]] bool ends_here(const http::RequestHead&);

[[nodiscard]] bool is_ringside_field(
    std::string_view name) noexcept;  // Ringside-*, any case, or its '_' twin

}  // namespace ringside::worker
