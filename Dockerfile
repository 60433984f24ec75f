# The nightly job as an image: no shell, no package manager, nobody's root, nothing to write to but /reports.
#
#     docker build --tag elevenlabs-secrets-audit .
#     docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges \
#         --volume "$PWD/config.toml:/etc/elevenlabs-secrets-audit/config.toml:ro" \
#         --volume "$PWD/elevenlabs-api-key:/etc/elevenlabs-secrets-audit/elevenlabs-api-key:ro" \
#         --volume elevenlabs-secrets-audit:/reports elevenlabs-secrets-audit
#
# The key's file must be readable for the group or user 65532 and for nobody else: chgrp 65532, chmod 0640.

# The digests are those of the indexes of all architectures; Dependabot raises them.
FROM rust:1.95-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
WORKDIR /build
COPY . .
# Without the simulator, and with it --demo: what runs at night holds nothing that isn't for the night.
RUN cargo build --profile dist --locked --no-default-features \
    && install -d -m 0750 /build/reports

# glibc, libgcc and the CA roots, of the same Debian as above.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
COPY --from=build /build/target/dist/elevenlabs-secrets-audit /usr/bin/elevenlabs-secrets-audit
COPY --from=build --chown=65532:65532 /build/reports /reports
USER 65532:65532
VOLUME /reports
ENTRYPOINT ["/usr/bin/elevenlabs-secrets-audit"]
CMD ["audit", "--quiet", "--config", "/etc/elevenlabs-secrets-audit/config.toml", "--out", "/reports"]
