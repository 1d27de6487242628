# genretag without a GPU, as a user without root. See docs/servers.md for how to run it.
#
#     docker build -t genretag .
#     docker run --rm -v /volume1/music:/music:ro -v genretag-state:/state genretag scan /music

FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
# The packages of docs/faq.md's small installation: onnxruntime without CUDA, and no librosa.
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir av filelock jinja2 joblib mutagen numpy onnxruntime platformdirs \
        psutil rich scipy typer \
    && pip install --no-cache-dir --no-deps /wheels/*.whl \
    && pip install --no-cache-dir watchfiles
# `docker run --user` and `user:` in Compose put the owner of the music in its place.
RUN useradd --uid 1000 --create-home genretag && install -d -o genretag -m 777 /state
USER genretag
# A folder of its own in it, since genretag refuses one that everybody may write into.
ENV GENRETAG_HOME=/state/genretag
VOLUME /state
ENTRYPOINT ["genretag"]
CMD ["--help"]
