# The service in a container: built in one stage, run in another that has no compiler, no root and no need to write
# anywhere but /var/lib/churnrisk and /tmp. `make pin` adds the digest of today to the base, for builds that repeat.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/churnrisk
COPY deploy/requirements.lock ./
RUN /opt/churnrisk/bin/pip install --require-hashes --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY data/purchases.csv data/customers.csv data/README.md data/
COPY churnrisk churnrisk
RUN /opt/churnrisk/bin/pip install --no-deps --no-build-isolation . \
    && /opt/churnrisk/bin/python -m compileall -q /opt/churnrisk/lib \
    && /opt/churnrisk/bin/pip uninstall --yes pip

FROM ${PYTHON}
LABEL org.opencontainers.image.title="churnrisk" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 churnrisk \
    && useradd --system --uid 10001 --gid churnrisk --home-dir /var/lib/churnrisk --shell /usr/sbin/nologin churnrisk \
    && install --directory --owner churnrisk --group churnrisk --mode 0700 /var/lib/churnrisk
COPY --from=build /opt/churnrisk /opt/churnrisk
ENV PATH=/opt/churnrisk/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CHURNRISK_CONFIG_DIR=/var/lib/churnrisk/config
USER 10001:10001
WORKDIR /var/lib/churnrisk
VOLUME ["/var/lib/churnrisk"]
EXPOSE 8000
STOPSIGNAL SIGTERM
# Ready is what has a model, a history and its state within reach; to read a large history takes minutes at first.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10m --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["churnrisk"]
# Other machines reach this address, so CHURNRISK_ALLOWED_HOSTS must say by which names they may: '["churn.example.com"]'.
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--models-dir", "/var/lib/churnrisk/models", "--state", "/var/lib/churnrisk/state.db", "--purchases", "/data/purchases.csv"]
