// keygen, token: fresh secrets on standard output; cert: certificates and their keys in files. No daemon is
// asked.
#include <sys/stat.h>

#include <tuple>

#include "daemon/base/text.hpp"
#include "daemon/cli/new_file.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/security/certificate.hpp"
#include "daemon/security/cluster_key.hpp"
#include "daemon/security/secret.hpp"
#include "daemon/security/tokens.hpp"

namespace ringside::cli {
namespace {

// A name that a member may have (config: node.name) is a file name too.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '.' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

int write_pair(Terminal& terminal, const std::string& stem, const security::Identity& made) {
  for (const auto& [path, text, mode] : {std::tuple{stem + "-key.pem", made.key, mode_t{0600}},
                                         {stem + ".pem", made.certificate, mode_t{0644}}}) {
    if (const auto wrong = write_new(path, text, mode); !wrong.empty()) return fail(terminal, failed, wrong);
    terminal.out << path << "\n";
  }
  return ok;
}

}  // namespace

int cert(Terminal& terminal, const Arguments& arguments) {
  const bool is_ca = arguments.words[0] == "ca";
  if ((!is_ca && arguments.words[0] != "node") || arguments.words.size() != (is_ca ? 1U : 2U))
    return fail(terminal, usage, "say what to do: ringside cert ca, or ringside cert node NAME");
  const auto days = parse_integer(arguments.get("--days").value_or(is_ca ? "3650" : "365"));
  if (!days || *days < 1 || *days > 36500) return fail(terminal, usage, "--days is a number from 1 to 36500");
  const std::string folder = arguments.get("--folder").value_or(".") + "/";
  if (is_ca)
    return write_pair(terminal, folder + "ca", security::make_authority("ringside", static_cast<int>(*days)));
  const std::string& name = arguments.words[1];
  if (!is_name(name))
    return fail(terminal, usage, "'" + name + "' is no node.name: 1 to 63 letters, digits, '.', '_' or '-'");
  const auto certificate = security::read_public_file(folder + "ca.pem");
  if (!certificate) return fail(terminal, failed, certificate.error() + "; `ringside cert ca` makes it");
  const auto key = security::read_secret_file(folder + "ca-key.pem");
  if (!key) return fail(terminal, failed, key.error());
  const auto made = security::make_member({certificate->text, key->text}, name, static_cast<int>(*days));
  if (!made) return fail(terminal, failed, made.error());
  return write_pair(terminal, folder + name, *made);
}

int keygen(Terminal& terminal, const Arguments&) {
  terminal.out << security::new_key_text();
  return ok;
}

int token(Terminal& terminal, const Arguments& arguments) {
  if (arguments.words[0] != "new")
    return fail(terminal, usage, "say what to do: ringside token new [--role app|read|ops]");
  const std::string role = arguments.get("--role").value_or("app");
  if (role != "app" && role != "read" && role != "ops")
    return fail(terminal, usage, "--role is app, read or ops, not '" + role + "'");
  terminal.out << (role == "app" ? "" : role + " ") << security::new_token() << "\n";
  return ok;
}

}  // namespace ringside::cli
