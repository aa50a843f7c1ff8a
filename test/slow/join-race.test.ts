import { joinRaceContract } from '../contract/join-race.contract.ts';

joinRaceContract(1_000, 300_000);
