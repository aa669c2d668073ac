// [fetch]: where models come from.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> fetch_settings() {
  using S = FetchSettings;
  const Rows<S> in(&Config::fetch);
  return {
      in.list("fetch.gateways", "EAI_GATEWAYS", "--gateway", &S::gateways,
              "IPFS gateway to ask before the public ones; may be repeated", {.value_name = "URL"}),
      in.flag("fetch.public_gateways", "EAI_PUBLIC_GATEWAYS", "--public-gateways,!--no-public-gateways",
              &S::public_gateways, "Ask the public gateways too"),
      in.list("fetch.block_folders", "EAI_BLOCK_FOLDERS", "--blocks", &S::block_folders,
              "Folder of files named by CID, searched before any gateway is asked; may be repeated",
              {.value_name = "FOLDER"}),
      in.list(
          "fetch.sources", "EAI_SOURCES", "--source", &S::sources,
          "URL, file or folder that has the model's files, or hf for the Hugging Face repository that the model names; "
          "may be repeated",
          {.value_name = "SOURCE"}),
      in.flag("fetch.offline", "EAI_OFFLINE", "--offline", &S::offline, "Open no outgoing connections"),
      in.flag("fetch.plain_http", "EAI_PLAIN_HTTP", "--plain-http", &S::plain_http,
              "Also ask http:// gateways outside this machine and private networks; every byte is still verified"),
      in.number("fetch.connections", "EAI_CONNECTIONS", "--connections", &S::connections,
                "Requests in flight to all sources together", {.lowest = 1, .highest = 256}),
      in.number("fetch.max_retries", "EAI_MAX_RETRIES", "--max-retries", &S::max_retries,
                "How often to retry a failed request to the same source", {.highest = 1000}),
  };
}

}  // namespace eai::cli
