// Who may do what on one API listener: by a token of security.api_token_file, or by where the connection
// comes from. Without a token file nothing is asked for: such a listener is on the loopback, or was opened
// with security.insecure. With one (config/README.md has the table):
//
//   a token                          its role
//   unix socket, uid 0 or our own    ops
//   unix socket, loopback            app
//   anything else                    nothing
//
// A worker's; the tokens may be replaced between two requests.
#pragma once

#include <string_view>

#include "daemon/base/address.hpp"
#include "daemon/base/role.hpp"
#include "daemon/security/tokens.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

class ApiAccess {
 public:
  explicit ApiAccess(const Address& listener) : local_(listener.is_loopback() || listener.is_unix()) {}
  void set_tokens(security::TokensPtr tokens) { tokens_ = std::move(tokens); }

  // Of a new connection, which stays what it is when tokens change. For a unix socket it asks the kernel who
  // is at the other end.
  struct Caller {
    bool is_local = true;     // the listener is
    bool is_operator = true;  // root or our own user, through a unix socket
  };
  [[nodiscard]] Caller caller(int socket) const;

  struct Verdict {
    Role role = Role::ops;
    bool by_token = false;       // it has shown a token of ours: no web page of others has one
    bool wrong_token = false;    // or one that is not good, where only ours can be meant
    bool authorization = false;  // the token stood in Authorization, which is then not for the app
  };
  [[nodiscard]] Verdict judge(const http::RequestHead&, const Caller&) const;

 private:
  bool local_;
  security::TokensPtr tokens_;
};

}  // namespace ringside::worker
