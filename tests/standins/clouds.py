"""moto's stand-in for Amazon Web Services, with a small world in it.

Prints its port, then answers each line it reads: `world` makes the world anew and prints the ids of its
instances by role, `state` prints all that a command could hit as {key: value}. Ends with its input.
"""

import io
import json
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
endpoint = f"http://127.0.0.1:{port}"


def client(service):
    return boto3.client(
        service, endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


ec2, s3, groups, ecs = (client(service) for service in ["ec2", "s3", "autoscaling", "ecs"])


def instances(role, count):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "role", "Value": role}]}]
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=count, MaxCount=count, TagSpecifications=tags)
    return [one["InstanceId"] for one in made["Instances"]]


def bucket(name, keys):
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=io.BytesIO(b"x\n"))


def world():
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()
    roles = {"web": instances("web", 12), "db": instances("db", 2), "gone": instances("web", 1)}
    roles["kept"] = instances("db", 1)
    ec2.modify_instance_attribute(InstanceId=roles["kept"][0], DisableApiTermination={"Value": True})
    ec2.terminate_instances(InstanceIds=roles["gone"])
    names = [f"a/{n}" for n in range(4)] + ["a10/x", "a10/y z"] + [f"b/{n}.gz" for n in range(3)]
    bucket("logs", names)
    bucket("site", ["index.html"] + [f"page{n}.html" for n in range(20)])
    groups.create_launch_configuration(LaunchConfigurationName="pool", ImageId="ami-12c6146b", InstanceType="t2.micro")
    groups.create_auto_scaling_group(
        AutoScalingGroupName="pool",
        LaunchConfigurationName="pool",
        MinSize=0,
        MaxSize=10,
        DesiredCapacity=4,
        AvailabilityZones=["eu-west-1a"],
    )
    ecs.create_cluster(clusterName="prod")
    task = {"name": "web", "image": "web", "memory": 64}
    ecs.register_task_definition(family="web", containerDefinitions=[task])
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web", desiredCount=3)
    return roles


def state():
    found = {}
    for reservation in ec2.describe_instances()["Reservations"]:
        for one in reservation["Instances"]:
            if "role" in [tag["Key"] for tag in one.get("Tags", [])]:
                found["instance " + one["InstanceId"]] = one["State"]["Name"]
    for one in s3.list_buckets()["Buckets"]:
        found["bucket " + one["Name"]] = ""
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=one["Name"]):
            for item in page.get("Contents", []):
                found[f"object s3://{one['Name']}/{item['Key']}"] = ""
    for one in groups.describe_auto_scaling_groups()["AutoScalingGroups"]:
        found["group " + one["AutoScalingGroupName"]] = one["DesiredCapacity"]
    if "prod" in str(ecs.list_clusters()):
        for one in ecs.describe_services(cluster="prod", services=["web"])["services"]:
            found["service " + one["serviceName"]] = one["desiredCount"]
    return found


def pages():
    for n in range(1100):
        s3.put_object(Bucket="logs", Key=f"many/{n}", Body=b"")
    return {}


print(port, flush=True)
for line in sys.stdin:
    print(json.dumps({"world": world, "state": state, "pages": pages}[line.strip()]()), flush=True)
server.stop()
