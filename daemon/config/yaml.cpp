// Text to YAML, behind a gate. yaml-cpp takes some bytes for marks of its own (4 for the end of the text) and
// others for another encoding than UTF-8, and then may read for ever: what no text holds does not get to it.
// It makes a document of a closing bracket too many, and another one, without end: so documents are never
// asked for by the dozen. Nesting it bounds by itself, and an alias is no copy.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include "daemon/base/limits.hpp"
#include "daemon/config/sources.hpp"

namespace ringside::config {
namespace {

// Control bytes are none, nor are the two that UTF-8 never has.
bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || c == '\n' || c == '\r' || (byte >= 0x20 && byte != 0x7f && byte < 0xfe);
}

void check_text(const std::string& text) {
  YAML::Mark mark;
  if (text.size() > limits::config_bytes)
    throw YAML::ParserException(mark, "it has more than " + std::to_string(limits::config_bytes) + " bytes");
  for (const char c : text) {
    if (!is_text(c)) throw YAML::ParserException(mark, "a byte that is no text; the file must be UTF-8");
    ++mark.column;
    if (c == '\n') ++mark.line, mark.column = 0;
  }
}

// Where a document begins, and nothing else.
class Beginning : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { at = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

  YAML::Mark at = YAML::Mark::null_mark();
};

}  // namespace

YAML::Node load_yaml(const std::string& text, YAML::Mark& second) {
  check_text(text);
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Beginning first, other;
  if (parser.HandleNextDocument(first)) parser.HandleNextDocument(other);
  second = other.at;
  return YAML::Load(text);
}

}  // namespace ringside::config
