"""What containers can be on Kubernetes: the text of a container.yaml by the name of what is special in it."""

from .k8smaker import USER

CASES = {
    "web": USER
    + """\
ports: [8080]
healthcheck: {http: {port: 8080, path: /health}}
resources: {memory: 32M, cpus: 0.5}
env: {GREETING: "hello $HOME"}
read_only: true
restart: unless-stopped
""",
    "root": "user: '0'\nports: ['80:8080', '53:5353/udp']\nstop_timeout: 30s\nhostname: shop-1\n",
    "low-port": USER
    + """\
ports: [80]
healthcheck: {command: /usr/bin/web --check, interval: 5s, retries: 2}
""",
    "volumes": USER
    + """\
volumes: ['data:/var/lib/web', '/srv/content:/srv:ro']
kubernetes: {storage: 2Gi, storage_class: fast}
""",
    "temporary": USER
    + """\
volumes: ['cache:/var/cache/web']
kubernetes: {storage: temporary, kind: DaemonSet}
""",
    "stateful": USER
    + """\
ports: [6379]
volumes: ['data:/data']
kubernetes: {kind: StatefulSet, replicas: 3, service: NodePort}
""",
    "daemon": USER + "network: host\nkubernetes: {kind: DaemonSet, node_selector: {edge: 'yes'}}\n",
    "job": USER + "restart: on-failure:3\nentrypoint: /usr/bin/web\ncmd: [--migrate]\n",
    "cron-job": USER + "restart: 'no'\nkubernetes: {schedule: 0 3 * * *}\n",
    "devices": USER + "devices: [/dev/ttyS0, {path: /dev/given, source: /dev/net/tun}]\n",
    "cdi": USER + "devices: [vendor.com/gpu=first]\nkubernetes: {resources: {example.com/fpga: 1}}\n",
    "runtime-class": USER + "ports: [8080]\nkubernetes: {runtime_class: kata, replicas: 2}\n",
    "networks": USER
    + """\
networks:
  inside: {subnet: 10.89.1.0/24}
  plant: {driver: macvlan, parent: eth1, subnet: 192.168.9.0/24}
""",
    "several": """\
name: shop
containers:
  broker: {image: a, ports: [1883], configs: [{source: conf, target: /etc/broker.conf}]}
  store:
    {image: b, volumes: ['data:/data'], secrets: [token], needs: [broker], kubernetes: {kind: StatefulSet}}
  web: {image: c, ports: ['8080:80'], needs: [store]}
networks: {front: {}, plant: {driver: ipvlan, parent: eth1}}
secrets: {token: {file: token}}
configs: {conf: broker.conf}
""",
}
