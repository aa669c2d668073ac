#include "model/kept_metadata.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ipld/unixfs.h"
#include "model/metadata.h"

namespace eai::model {
namespace {

constexpr std::string_view k_added = "\"filecoin_hash\"";
constexpr std::string_view k_blanks = " \t\r\n";

// The same JSON with other blanks: those that json.dump writes with this indent, or without any for 0. The text must be
// JSON.
class Relaid {
 public:
  Relaid(std::string_view text, std::size_t indent) : rest_(text), indent_(indent) {}

  std::string write() {
    value(0);
    return std::move(out_);
  }

 private:
  char next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(k_blanks), rest_.size()));
    return rest_.empty() ? '\0' : rest_.front();
  }

  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view take_text() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    return take(end + 1);
  }

  void line(std::size_t depth) {
    if (indent_ == 0) return;
    out_ += '\n';
    out_.append(depth * indent_, ' ');
  }

  void value(std::size_t depth) {
    const char first = next();
    if (first == '{' || first == '[') return members(depth);
    out_ += first == '"' ? take_text() : take(std::min(rest_.find_first_of(" \t\r\n,]}"), rest_.size()));
  }

  void members(std::size_t depth) {
    const bool object = rest_.front() == '{';
    const char end = object ? '}' : ']';
    out_ += take(1);
    bool empty = true;
    while (next() != end) {
      if (rest_.empty()) return;
      if (rest_.front() == ',') {
        take(1);
        continue;
      }
      const std::size_t before = out_.size();
      if (!empty) out_ += indent_ == 0 ? ", " : ",";
      line(depth + 1);
      bool added = false;
      if (object) {
        const std::string_view name = take_text();
        added = depth == 0 && name == k_added;
        out_ += name;
        out_ += ": ";
        next();
        take(1);  // the colon
      }
      value(depth + 1);
      if (added) {
        out_.resize(before);
      } else {
        empty = false;
      }
    }
    if (!empty) line(depth);
    out_ += take(1);
  }

  std::string_view rest_;
  std::size_t indent_;
  std::string out_;
};

}  // namespace

Result<Bytes> recover_metadata(const ipld::Cid& id, ByteView kept) {
  const auto as_it_is = ipld::verify_content(id, kept);
  if (as_it_is) return Bytes(kept.begin(), kept.end());
  if (as_it_is.error().code == Code::unsupported) return Failure(as_it_is.error());
  const auto document = parse_metadata(kept);
  if (!document) return fail(Code::corrupt, "it does not match the hash: " + document.error().message);
  std::vector<std::string> tries;
  for (const std::size_t indent : {4U, 0U, 2U}) tries.push_back(Relaid(text_of(kept), indent).write());
  tries.push_back(write_metadata(*document));  // this program preserved it
  for (const std::string& text : tries) {
    if (ipld::verify_content(id, view_of(text))) return Bytes(text.begin(), text.end());
  }
  return fail(Code::corrupt, "it is not the document that the hash names");
}

}  // namespace eai::model
