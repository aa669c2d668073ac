// [preserve] and [audit]: putting a model on homes, and asking them for it.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> preserve_settings() {
  using S = PreserveSettings;
  const Rows<S> in(&Config::preserve);
  return {
      in.text("preserve.folder_path", "EAI_FOLDER_PATH", "--folder-path", &S::folder,
              "The model's folder, whose name the model gets", {.value_name = "FOLDER"}),
      in.text("preserve.task", "EAI_TASK", "--task", &S::task, "What the model is for",
              {.choices = {"chat", "embed", "image-generation", "image-edit"},
               .value_name = "TASK",
               .usual = "as the model's header says"}),
      in.text("preserve.ram", "EAI_RAM", "--ram", &S::ram,
              "Memory that the model needs with a context of 32768 tokens, in GB",
              {.value_name = "GB", .usual = "estimated"}),
      in.text("preserve.hf_repo", "EAI_HF_REPO", "--hf-repo", &S::hf_repo,
              "The repository on Hugging Face that it came from", {.value_name = "REPO"}),
      in.text("preserve.hf_file", "EAI_HF_FILE", "--hf-file", &S::hf_file, "The file's name in that repository",
              {.value_name = "FILE"}),
      in.text("preserve.config_name", "EAI_CONFIG_NAME", "--config-name", &S::config_name,
              "Name of the image model's configuration", {.value_name = "NAME"}),
      in.flag("preserve.lora", "EAI_LORA", "--lora", &S::lora, "The folder holds a LoRA"),
      in.number("preserve.zip_chunk_size", "EAI_ZIP_CHUNK_SIZE", "--zip-chunk-size", &S::zip_chunk_size,
                "Size of a part of the archive, in MiB", {.lowest = 1, .highest = 1U << 20, .value_name = "MIB"}),
      in.number("preserve.threads", "EAI_THREADS", "--threads", &S::threads,
                "Threads that pack and hash, at most one per core", {.lowest = 1, .highest = 1024}),
      in.list(
          "preserve.to", "EAI_PRESERVE_TO", "--to", &S::homes,
          "A home: lighthouse, kubo, kubo:<URL>, cluster, cluster:<URL>, pinning:<URL>, car:<file>; may be repeated",
          {.value_name = "HOME", .usual = "lighthouse"}),
      in.text("preserve.format", "EAI_PRESERVE_FORMAT", "--format", &S::format, "How the bytes are kept",
              {.choices = {"", "archive", "unixfs"},
               .value_name = "FORMAT",
               .usual = "archive; unixfs for a model in pieces"}),
      in.text("preserve.layout", "EAI_PRESERVE_LAYOUT", "--layout", &S::layout, "Where unixfs leaves begin",
              {.choices = {"", "fixed", "tensor"}, .value_name = "LAYOUT", .usual = "tensor for a GGUF, else fixed"}),
      in.list("preserve.providers", "EAI_PRESERVE_PROVIDERS", "--provider", &S::providers,
              "Multiaddress from which a pinning service can fetch; may be repeated", {.value_name = "ADDRESS"}),
      in.flag("preserve.dry_run", "EAI_DRY_RUN", "--dry-run", &S::dry_run, "Compute every CID and send nothing"),
      in.flag("preserve.resume", "EAI_RESUME", "--resume,!--no-resume", &S::resume,
              "Continue where an earlier run stopped"),
      in.flag("preserve.keep_here", "EAI_KEEP_HERE", "--keep,!--no-keep", &S::keep_here,
              "Add the model to the local store too"),
      in.number("preserve.timeout", "EAI_UPLOAD_TIMEOUT", "--upload-timeout", &S::upload_timeout,
                "Seconds without a byte until an upload is retried",
                {.lowest = 1, .highest = 86400, .value_name = "SECONDS"}),
      in.number("preserve.pin_timeout", "EAI_PIN_TIMEOUT", "--pin-timeout", &S::pin_timeout,
                "Seconds to wait for a pinning service or a cluster to have a part",
                {.lowest = 1, .highest = 31'536'000, .value_name = "SECONDS"}),
      in.number("preserve.replicas", "EAI_REPLICAS", "--replicas", &S::replicas,
                "Peers of a cluster that are to have the model; 0: as the cluster is set",
                {.lowest = 0, .highest = 10'000, .value_name = "NUMBER"}),
      in.text("preserve.kubo_api", "EAI_KUBO_API", "", &S::kubo_api, "Kubo's RPC API", {.value_name = "URL"}),
      in.text("preserve.cluster_api", "EAI_CLUSTER_API", "", &S::cluster_api, "The REST API of an IPFS Cluster",
              {.value_name = "URL"}),
      in.text("preserve.lighthouse_upload", "EAI_LIGHTHOUSE_UPLOAD", "", &S::lighthouse_upload,
              "Where Lighthouse accepts uploads", {.value_name = "URL"}),
      in.text("preserve.lighthouse_api", "EAI_LIGHTHOUSE_API", "", &S::lighthouse_api, "Lighthouse's API",
              {.value_name = "URL"}),
      in.text("preserve.lighthouse_gateway", "EAI_LIGHTHOUSE_GATEWAY", "", &S::lighthouse_gateway,
              "Lighthouse's gateway", {.value_name = "URL"}),
  };
}

std::vector<Setting> audit_settings() {
  using S = AuditSettings;
  const Rows<S> in(&Config::audit);
  return {
      in.list("audit.homes", "EAI_AUDIT_HOMES", "--home", &S::homes,
              "A home: lighthouse, kubo, kubo:<URL>, cluster, cluster:<URL>, car:<file> or a gateway's URL; may be "
              "repeated",
              {.value_name = "HOME", .usual = "lighthouse"}),
      in.number("audit.samples", "EAI_AUDIT_SAMPLES", "--samples", &S::samples,
                "Leaves to fetch from each home; one whole part for every 8 if it serves no leaves",
                {.lowest = 1, .highest = 10000}),
  };
}

}  // namespace eai::cli
