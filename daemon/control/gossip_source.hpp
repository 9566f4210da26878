// With certificates a member speaks for itself and nobody else: what it says of itself in gossip must be what
// its certificate says. What it says of others is believed, as SWIM has to. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "proto/ringpop/messages.hpp"

namespace ringside::control {

// Who is at the other end of a connection.
struct Speaker {
  std::string address;             // where it listens, as it announced or as it was dialled
  std::vector<std::string> names;  // in its certificate; empty: it has none, and anything may come from it
};
// The name of the member at an address; empty: nobody knows.
using NameOf = std::function<std::string(const std::string& address)>;

// Why this cannot come from it, one sentence; empty: it can. A request must be its own, and name it as its
// certificate does; an answer must not call it by another's name.
[[nodiscard]] std::string false_source(const Speaker&, const ringpop::Request&, const NameOf&);
[[nodiscard]] std::string false_source(const Speaker&, const ringpop::Response&);

}  // namespace ringside::control
